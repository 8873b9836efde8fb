import Contracts
import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// What a run is worth: the audit's word, made worse, never better, by what the generator itself saw.
enum Verdict: String, Codable, Sendable, Comparable {
    case valid = "VALID"
    case unknown = "UNKNOWN"
    case invalid = "INVALID"

    var exitCode: Int32 {
        switch self {
        case .valid: 0
        case .invalid: 3
        case .unknown: 4
        }
    }

    private var severity: Int {
        switch self {
        case .valid: 0
        case .unknown: 1
        case .invalid: 2
        }
    }

    static func < (left: Self, right: Self) -> Bool { left.severity < right.severity }
}

/// What `stampede audit --json` said.
struct AuditFinding: Sendable, Equatable {
    var verdict: Verdict
    /// Its output; nil where there was none that could be read.
    var json: JSONValue?
    /// Why there is no word from the audit.
    var failure: String?

    /// - Parameter exitCode: of the audit: 0 valid, 3 invalid, 4 unknown; anything else is a failure.
    init(exitCode: Int32?, output: String, errors: String) {
        json = try? JSONDecoder().decode(JSONValue.self, from: Data(output.utf8))
        switch exitCode {
        case 0: verdict = .valid
        case 3: verdict = .invalid
        case 4: verdict = .unknown
        default:
            verdict = .unknown
            let last = errors.split(separator: "\n").last.map(String.init) ?? "no message"
            failure = "the audit failed (\(exitCode.map { "exit code \($0)" } ?? "killed")): \(last)"
        }
        if failure == nil, json == nil {
            verdict = .unknown
            failure = "the audit's output is not JSON"
        } else if let stated = json?["verdict"]?.text, failure == nil, stated.uppercased() != verdict.rawValue {
            verdict = max(verdict, .unknown)
            failure = "the audit says \(stated) but its exit code says \(verdict.rawValue)"
        }
    }

    init(failure: String) {
        verdict = .unknown
        self.failure = failure
    }
}

/// Runs the audit that stands beside this program.
struct AuditRun: Sendable {
    static let outputLimit = 64 << 20
    /// Notifications and analytics may still be under way when the last order settles.
    static let patience = Duration.seconds(30)
    static let pause = Duration.milliseconds(500)
    static let fewest = 3

    var executable: String
    var data: String

    /// Asks again while the answer is UNKNOWN, until patience ends, and a few times where one audit takes that long.
    func finding() async -> AuditFinding {
        let clock = ContinuousClock()
        let deadline = clock.now + Self.patience
        var asked = 0
        while true {
            let finding = await ask()
            asked += 1
            // A cancelled pause ends the waiting; the last word stands.
            guard finding.verdict == .unknown, finding.failure == nil,
                asked < Self.fewest || clock.now + Self.pause < deadline,
                (try? await clock.sleep(for: Self.pause)) != nil
            else { return finding }
        }
    }

    private func ask() async -> AuditFinding {
        do {
            let result = try await Subprocess.run(
                .path(FilePath(executable)), arguments: ["audit", "--json", "--data", data],
                output: .string(limit: Self.outputLimit), error: .string(limit: Self.outputLimit))
            let exitCode: Int32? = if case .exited(let code) = result.terminationStatus { code } else { nil }
            return AuditFinding(
                exitCode: exitCode, output: result.standardOutput, errors: result.standardError)
        } catch {
            return AuditFinding(failure: "cannot run \(executable) audit: \(error)")
        }
    }
}

/// Where this program and its siblings stand.
enum Siblings {
    static func path(of name: String) -> String {
        URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent(name).path
    }

    static var own: String {
        #if os(Linux)
            if let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") { return path }
        #endif
        return Bundle.main.executablePath ?? CommandLine.arguments[0]
    }
}
