import ArgumentParser
import CommandLineKit
import Contracts
import FileEventLog
import LogFormat
import Synchronization

/// Reads every byte of the log and says whether anything was changed or removed.
struct LogVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every frame of the log: checksums, offsets, sequences, hash chain.",
        discussion: """
            --save-head notes the end and the hash of each topic in a file; kept elsewhere, and given with --head later, it \
            proves that the history up to there is still the same. It cannot tell who changed what lies behind it.
            Exit codes: 0 whole, 3 something is broken, 1 there is no log or it cannot be read.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Check this topic only; may be given several times.")
    var topic: [String] = []

    @Option(help: "Check against the chain heads in this file, which was kept elsewhere.", completion: .file())
    var head: String?

    @Option(help: "Write the chain heads to this file, if everything is whole.", completion: .file())
    var saveHead: String?

    static let brokenExitCode: Int32 = 3

    func run() throws {
        try common.directory.require()
        let logbook = Logbook(common.directory)
        let heads = try head.map { try ChainHeads(contentsOf: $0).heads } ?? [:]
        let topics = try logbook.topics(named: topic)
        guard !topics.isEmpty else { throw Failure.noLog(common.directory.log) }
        // A topic with a head that is not there any more is the worst that can have happened to it.
        let gone = heads.keys.filter { topic.isEmpty && !topics.contains($0) && heads[$0]?.nextOffset ?? 0 > 0 }
        let progress = VerifyProgress(segments: topics.map { logbook.segmentStarts(of: $0).count }.reduce(0, +))
        defer { progress.end() }
        let verification = LogVerification(
            topics: try concurrently(topics + gone.sorted { $0.name < $1.name }) {
                try logbook.verify($0, head: heads[$0], afterSegment: progress.verifiedOne)
            })
        progress.end()
        if let saveHead, !verification.isBroken { try ChainHeads(verification.topics).write(to: saveHead) }
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

/// How far a verification is, on a terminal.
private final class VerifyProgress: Sendable {
    private let segments: Int
    private let verified = Mutex(0)
    private let line = ProgressLine()

    init(segments: Int) {
        self.segments = segments
        line.show("log verify: \(Words.counted(segments, "segment"))")
    }

    func verifiedOne() {
        let verified = verified.withLock { verified in
            verified += 1
            return verified
        }
        line.show("log verify: \(Words.count(verified)) of \(Words.counted(segments, "segment")) verified")
    }

    func end() { line.end() }
}
