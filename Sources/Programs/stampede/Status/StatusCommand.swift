import ArgumentParser

/// What lives, what lags, what lies on the desks.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what is wrong, the processes, and how far each service is with its events.",
        discussion: """
            What is wrong comes first: processes that are down, blocked or were restarted, dead letters, consumers that are \
            behind. BEHIND counts events not yet read, FOR is the age of the oldest of them. On a terminal --watch keeps to \
            the screen.
            Works with everything stopped. Exit codes: 0 ok, 1 there is no run or something cannot be read.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var watching: WatchOptions

    @Flag(help: "Also each consumer's position, ports, breakers, the log's ends and storage.")
    var all = false

    func run() throws {
        try watching.run { screen in
            let report = try StatusReport(common.directory)
            try screen.show(
                lines: StatusText(report: report, isWhole: all).lines(
                    width: screen.output.width, style: screen.output.style),
                json: common.json ? report.json : nil, problems: report.problems)
            return report.problems.isEmpty
        }
    }
}
