import ArgumentParser
import Contracts
import FileEventLog

/// Reads every byte of the log and says whether anything was changed or removed.
struct LogVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every frame of the log: checksums, offsets, sequences, hash chain.",
        discussion: """
            Note the end and head of a topic to prove later that its history is still the same.
            Exit codes: 0 whole, 3 something is broken, 1 there is no log or it cannot be read.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Check this topic only; may be given several times.")
    var topic: [String] = []

    static let brokenExitCode: Int32 = 3

    func run() throws {
        try common.directory.require()
        let logbook = Logbook(common.directory)
        let topics = try logbook.topics(named: topic)
        guard !topics.isEmpty else { throw Failure.noLog(common.directory.log) }
        let verification = LogVerification(topics: try concurrently(topics) { try logbook.verify($0) })
        let output = Output()
        if common.json {
            output.line(try verification.json.document())
        } else {
            output.lines(verification.lines(width: output.width, style: output.style))
        }
        output.flush()
        if verification.isBroken { throw ExitCode(Self.brokenExitCode) }
    }
}
