import ArgumentParser

/// What happened to one order.
struct OrderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "order",
        abstract: "Tell one order's story: its events, what is on record, what it waits for.",
        discussion: """
            AFTER counts from the first event, CAUSE names the event that caused it ('-': a request, a timer, the operator).
            Exit codes: 0 ok, 1 nobody knows the order or something cannot be read.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "The order's id, or the end of it as 'stampede tail' shows it.")
    var order: OrderArgument

    func run() throws {
        try common.directory.require()
        let order = try order.resolve(Logbook(common.directory), common.directory)
        let story = try OrderStory(of: order, in: common.directory)
        let output = Output()
        if common.json {
            output.line(try story.json.document())
        } else {
            output.lines(OrderText(story: story).lines(width: output.width, style: output.style))
        }
        output.flush()
        for problem in story.problems { Talk.problem(problem) }
        if !story.problems.isEmpty { throw ExitCode.failure }
    }
}
