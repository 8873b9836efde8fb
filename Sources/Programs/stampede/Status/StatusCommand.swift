import ArgumentParser

/// What lives, what lags, what lies on the desks.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the processes, how far each has read, what waits, and the log's ends.",
        discussion: """
            BEHIND counts events not yet read, FOR is the age of the oldest of them.
            Works with everything stopped. Exit codes: 0 ok, 1 there is no run or something cannot be read.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var watching: WatchOptions

    func run() throws {
        try watching.run { screen in
            let report = try StatusReport(common.directory)
            try screen.show(
                lines: StatusText(report: report).lines(width: screen.output.width, style: screen.output.style),
                json: common.json ? report.json : nil, problems: report.problems)
            return report.problems.isEmpty
        }
    }
}
