import ArgumentParser
import Contracts

/// Who is behind, by how much, and until when.
struct LagCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lag",
        abstract: "Show how far each consumer is behind: in events, in seconds, and until when.",
        discussion: """
            BEHIND counts events not yet read, FOR is the age of the oldest of them, READ/S and COMING/S are events a \
            second over the interval; at those rates the consumer has caught up in DONE IN, or never; a line below \
            the table says what a consumer that stands waits for. AGE is that of the reading. Works with services down. Exit codes: 0 ok, 1 something cannot be read.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Only this service; may be given several times.")
    var service: [ServiceArgument] = []

    @OptionGroup var watching: WatchOptions

    func run() throws {
        try common.directory.require()
        guard DataDirectory.isDirectory(common.directory.log) else { throw Failure.noLog(common.directory.log) }
        let logbook = Logbook(common.directory)
        var report = LagReport(of: service.isEmpty ? ServiceName.allCases : service.map(\.service))
        report.update(common.directory, logbook)
        // A rate takes two readings.
        try watching.run(beginsAfterInterval: true) { screen in
            report.update(common.directory, logbook)
            try screen.show(
                lines: LagText(report: report).lines(width: screen.output.width, style: screen.output.style),
                json: common.json ? report.json : nil, problems: report.problems)
            return report.problems.isEmpty
        }
    }
}
