import ArgumentParser
import CommandArguments
import Contracts
import EventLog

/// Every event as one line of JSON.
struct LogExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Print events as CloudEvents, one line each (JSON, structured mode).",
        discussion: """
            Topic after topic, each in order, from log and archive, up to the end at the start of the command. Two more \
            attributes say where an event lies: topic and offset.
            Exit codes: 0 all printed, 1 something could not be read; bytes that are no event are named on stderr.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Export this topic only; may be given several times.")
    var topic: [String] = []

    @Option(within: 0...UInt64(Int64.max), help: "Begin at this offset of each topic.")
    var from: UInt64 = 0

    @Option(within: 0...UInt64(Int64.max), help: "End before this offset of each topic.")
    var to: UInt64?

    func validate() throws {
        if let to, to < from { throw ValidationError("--to \(to) is before --from \(from)") }
    }

    func run() throws {
        try common.directory.require()
        let logbook = Logbook(common.directory)
        let output = Output()
        var unreadable = 0
        for topic in try logbook.topics(named: topic) {
            let end = min(try logbook.end(of: topic), to ?? .max)
            try logbook.read(topic, from: from, to: end) { logged in
                let entry = TailEntry(logged)
                if let line = TailLine.json(entry) {
                    output.line(line)
                } else {
                    unreadable += 1
                    Talk.problem("\(topic)@\(logged.offset) is no event: \(entry.reason ?? "unreadable")")
                }
            }
        }
        output.flush()
        if unreadable > 0 { throw ExitCode(1) }
    }
}
