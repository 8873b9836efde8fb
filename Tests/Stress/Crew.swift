import Foundation

/// Threads that work side by side. What one of them throws is a finding; so is one that does not end in time.
///
/// Unchecked: `working` is only touched under `condition`.
final class Crew: @unchecked Sendable {
    private let findings: Findings
    private let condition = NSCondition()
    private var working: Set<String> = []

    init(_ findings: Findings) {
        self.findings = findings
    }

    /// - Parameter name: no other's.
    func add(_ name: String, _ work: @escaping @Sendable () throws -> Void) {
        begin(name)
        let thread = Thread { [self] in
            do { try work() } catch { findings.add("\(name): \(error)") }
            end(name)
        }
        thread.name = name
        thread.start()
    }

    /// The same as a task, for work that waits for a doorbell.
    func addTask(_ name: String, _ work: @escaping @Sendable () async throws -> Void) {
        begin(name)
        Task {
            do { try await work() } catch { findings.add("\(name): \(error)") }
            end(name)
        }
    }

    /// Blocks until all have ended, or the time is over.
    func wait(seconds: Double) {
        let limit = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        while !working.isEmpty, condition.wait(until: limit) {}
        let left = working.sorted()
        condition.unlock()
        findings.expect(left.isEmpty, "after \(seconds) s these have not ended: \(left.joined(separator: ", "))")
    }

    private func begin(_ name: String) {
        condition.lock()
        working.insert(name)
        condition.unlock()
    }

    private func end(_ name: String) {
        condition.lock()
        working.remove(name)
        condition.broadcast()
        condition.unlock()
    }
}
