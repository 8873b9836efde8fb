import ArgumentParser
import Contracts

/// Gives up on dead letters.
struct DlqDiscardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Give up on dead letters for good.",
        discussion: """
            The events will have no effect at their service, which says the fact that its card names for the type; where \
            it names none, it refuses. More than one letter wants --yes.
            Exit codes: 0 done, 1 something was refused or failed, 2 wrong usage.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var selection: LetterSelection
    @OptionGroup var actor: ActorOptions

    @Option(help: "Why, for the record.")
    var reason: String

    @Flag(help: "Discard more than one letter.")
    var yes = false

    @Flag(help: "Say what would be discarded, and discard nothing.")
    var plan = false

    func validate() throws {
        try ReasonText.validate(reason)
    }

    func run() throws {
        let data = common.directory
        try data.require()
        let letters = try selection.letters(data)
        if plan { return try LetterPlan.print(letters, would: "discard", isJSON: common.json) }
        guard letters.count <= 1 || yes else {
            throw ValidationError(
                "this would discard \(Words.counted(letters.count, "letter")); look with --plan, then say --yes")
        }
        let results = LetterResults(isJSON: common.json)
        LetterWork(run: RunDirectory(data)).perform("dead-letters/discard", on: letters, results) { ids in
            .object(["ids": .array(ids), "actor": .string(actor.actor), "reason": .string(reason)])
        }
        try results.finish()
    }
}
