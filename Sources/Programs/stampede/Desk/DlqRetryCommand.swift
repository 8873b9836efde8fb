import ArgumentParser
import CommandArguments
import Contracts

/// Has dead letters handled again.
struct DlqRetryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Handle dead letters again.",
        discussion: """
            Each service handles its letters in the order of their events; what waits behind a letter follows once it \
            is done, and an order stops at its next failure. An event that had its effects already changes nothing. \
            Killed at any point, it can be run again. Exit codes: 0 nothing failed, 1 something did.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var selection: LetterSelection
    @OptionGroup var actor: ActorOptions

    @Option(within: 0.001...1_000_000, help: "Letters a second.")
    var rate: Double?

    @Flag(help: "Say what would be retried, and retry nothing.")
    var plan = false

    func run() throws {
        let data = common.directory
        try data.require()
        let letters = try selection.letters(data)
        if plan { return try LetterPlan.print(letters, would: "retry", isJSON: common.json) }
        let results = LetterResults(isJSON: common.json)
        LetterWork(run: RunDirectory(data), rate: rate).perform("dead-letters/retry", on: letters, results) { ids in
            .object(["ids": .array(ids), "actor": .string(actor.actor)])
        }
        try results.finish()
    }
}
