import Audit
import CommandLineKit
import Synchronization

/// How far an audit is, on a terminal.
final class AuditProgress: Sendable {
    private static let invariants = 10

    private let line = ProgressLine()
    private let judged = Mutex(0)

    init() {
        line.show("audit: reading the load generator's journals")
    }

    /// Names what follows the stage.
    func finished(_ stage: EvidenceStage) {
        switch stage {
        case .journals: line.show("audit: reading the databases")
        case .databases, .ends: line.show("audit: reading the event log")
        case .topics: line.show("audit: reading the databases again")
        case .counters: line.show("audit: judging \(Self.invariants) invariants")
        }
    }

    func judgedOne() {
        let judged = judged.withLock { judged in
            judged += 1
            return judged
        }
        line.show("audit: \(judged) of \(Self.invariants) invariants judged")
    }

    func end() { line.end() }
}
