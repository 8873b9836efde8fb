import Contracts
import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// What `stampede audit --json` said.
struct AuditFinding: Sendable, Equatable {
    var verdict: Verdict
    /// Its output; nil where there was none that could be read.
    var json: JSONValue?
    /// Why there is no word from the audit.
    var failure: String?

    /// What dead letters hold up, as the audit counts it.
    var heldUp: HeldUp {
        func count(_ key: String) -> Int { Int(clamping: max(0, json?["desk"]?[key]?.whole ?? 0)) }
        return HeldUp(orders: count("orders"), holding: count("holding"), deadLetters: count("letters"))
    }

    /// - Parameter exitCode: of the audit, which must be that of the verdict it prints; anything else is a failure.
    init(exitCode: Int32?, output: String, errors: String) {
        json = try? JSONDecoder().decode(JSONValue.self, from: Data(output.utf8))
        let stated = (json?["verdict"]?.text).flatMap(Verdict.init(rawValue:))
        switch (exitCode, stated) {
        case (let code?, let stated?) where stated.exitCode == code: verdict = stated
        case (let code?, _) where Verdict.allCases.contains { $0.exitCode == code }:
            // INVALID stays so, whatever is printed beside it.
            verdict = code == Verdict.invalid.exitCode ? .invalid : .unknown
            failure =
                json == nil
                ? "the audit's output is not JSON"
                : "the audit says \(json?["verdict"]?.text ?? "nothing") but its exit code is \(code)"
        default:
            verdict = .unknown
            let last = errors.split(separator: "\n").last.map(String.init) ?? "no message"
            failure = "the audit failed (\(exitCode.map { "exit code \($0)" } ?? "killed")): \(last)"
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
