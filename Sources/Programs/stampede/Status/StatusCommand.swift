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

    func run() throws {
        let report = try StatusReport(common.directory)
        let output = Output()
        if common.json {
            output.line(try report.json.document())
        } else {
            output.lines(StatusText(report: report).lines(width: output.width, style: output.style))
        }
        output.flush()
        for problem in report.problems { Talk.problem(problem) }
        if !report.problems.isEmpty { throw ExitCode.failure }
    }
}
