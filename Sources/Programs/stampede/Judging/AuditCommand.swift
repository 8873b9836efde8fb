import ArgumentParser
import Audit
import CommandLineKit
import Contracts
import Foundation

/// Whether the run held.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Judge the run from the evidence on disk: ten invariants, one verdict.",
        discussion: """
            Works while services run and when they are stopped; while work is in flight the verdict is UNKNOWN. Orders that \
            dead letters hold up are accounted for: the verdict is VALID, and names them. Without an order: NOTHING TO JUDGE.
            Exit codes: 0 VALID, 3 INVALID, 4 UNKNOWN or NOTHING TO JUDGE, 1 there is no run or it cannot be read.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Where the service programs are, for rebuilding their databases (default: beside this program).")
    var bin: String?

    func validate() throws {
        guard let bin else { return }
        guard DataDirectory.isDirectory(bin) else { throw ValidationError("--bin: there is no directory \(bin)") }
    }

    func run() throws {
        let directory = common.directory
        try directory.require()
        let programs = bin ?? Self.ownDirectory
        let progress = AuditProgress()
        defer { progress.end() }
        let report = try Audit(
            dataDirectory: directory.path,
            rebuilder: ExecutableRebuilder(programs: programs, dataDirectory: directory.path)
        ).run(afterStage: progress.finished, afterCheck: progress.judgedOne)
        progress.end()
        let output = Output()
        if common.json {
            output.line(JSONText.safe(String(decoding: try report.json(), as: UTF8.self)))
        } else {
            for line in AuditText(report).lines {
                output.line(Self.painted(TerminalText.safe(CommandHints.completed(line)), output.style))
            }
        }
        output.flush()
        if report.verdict != .valid { throw ExitCode(report.verdict.exitCode) }
    }

    private static func painted(_ line: String, _ style: Style) -> String {
        switch line.first {
        case "✓": style.paint("✓", .good) + line.dropFirst()
        case "✗": style.paint(line, .bad)
        case "?": style.paint(line, .warning)
        default: line
        }
    }

    private static var ownDirectory: String {
        // Where /proc is missing, what the system says of this program, and in the end how it was called.
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let own = link ?? Bundle.main.executablePath ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: own).deletingLastPathComponent().path
    }
}
