import ArgumentParser
import Contracts

/// What lies on the desks, by cause.
struct DlqListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the dead letters, grouped by service, error signature and event type.",
        discussion: """
            A group is what most likely died of one cause. SINCE is the age of its first letter, LAST that of its last, \
            BEHIND counts the events that wait for its letters, SAMPLE is the end of its last letter's id.
            Exit codes: 0 ok, also where nothing lies there; 1 something cannot be read.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var filter: LetterFilterOptions

    @Flag(help: "Also letters that were redriven or discarded.")
    var all = false

    @Flag(help: "List single letters instead of groups.")
    var letters = false

    func run() throws {
        try common.directory.requireRun()
        var problems: [String] = []
        let filter = try filter.filter(common.directory, settled: all)
        let found = Desks(data: common.directory).letters(filter, problems: &problems)
        if found.isEmpty, let unknown = filter.groups.first {
            let known = Desks(data: common.directory).letters(LetterFilter(takesSettled: all), problems: &problems)
            throw Failure.noGroup(unknown, known: Set(known.map(\.group.id)).sorted())
        }
        let output = Output()
        if common.json {
            let json: JSONValue =
                letters
                ? .object([
                    "letters": .array(found.map { .object($0.members) }),
                    "problems": .array(problems.map(JSONValue.string)),
                ])
                : .object([
                    "groups": .array(LetterGroup.groups(of: found).map(\.json)),
                    "problems": .array(problems.map(JSONValue.string)),
                ])
            output.line(try json.document())
        } else if found.isEmpty {
            if problems.isEmpty { Talk.say("No dead letters.") }
        } else {
            let text = LetterText(now: Words.now(), width: output.width, style: output.style)
            output.lines(letters ? text.lines(found) : text.lines(LetterGroup.groups(of: found)))
            let option = common.directory.option
            output.line()
            output.line("Type: stampede dlq show SAMPLE\(option)")
            output.line("      stampede dlq retry --group GROUP --plan\(option)")
        }
        output.flush()
        for problem in problems { Talk.problem(problem) }
        if !problems.isEmpty { throw ExitCode.failure }
        if found.isEmpty { self.filter.sayMistypedTypes() }
    }
}
