package import Contracts
import Foundation

/// Recomputes from the evidence on disk whether a run held.
package struct Audit: Sendable {
    package let dataDirectory: String
    package let rebuilder: (any Rebuilder)?
    private let isOwnCopy: Bool

    /// - Parameters:
    ///   - rebuilder: for invariant 9, which is unknown without one.
    ///   - isOwnCopy: whether the directory is a copy that was made for this audit: nobody else uses it, and it may change.
    package init(dataDirectory: String, rebuilder: (any Rebuilder)?, isOwnCopy: Bool = false) {
        self.dataDirectory = dataDirectory
        self.rebuilder = rebuilder
        self.isOwnCopy = isOwnCopy
    }

    /// Reads everything and judges it. Blocking: call it off the cooperative pool.
    ///
    /// - Parameters:
    ///   - afterStage: called between the readings of the evidence, so that a test can move what is read.
    ///   - afterCheck: called when an invariant is judged, from any thread.
    /// - Throws: `AuditError.nothingToAudit` where there is no log, no database and no journal.
    package func run(
        afterStage: (EvidenceStage) throws -> Void = { _ in }, afterCheck: @escaping @Sendable () -> Void = {}
    ) throws -> AuditReport {
        let begin = ContinuousClock.now
        let evidence = try Evidence(directory: dataDirectory, isOwnCopy: isOwnCopy, afterStage: afterStage)
        let judges: [@Sendable () -> InvariantCheck] = [
            { RebuiltTheSame.check(evidence, rebuilder: rebuilder) },
            { OrdersKept.check(evidence) },
            { OneOutcome.check(evidence) },
            { StockNeverNegative.check(evidence) },
            { MoneyToTheCent.check(evidence) },
            { NotifiedOnce.check(evidence) },
            { LogWhole.check(evidence) },
            { CausesFirst.check(evidence) },
            { ReadOnce.check(evidence) },
            { FiguresTrue.check(evidence) },
        ]
        let edits = evidence.edits
        let invariants = Parallel.map(judges) { judge in
            defer { afterCheck() }
            return judge().result(edits: edits)
        }.sorted { $0.id < $1.id }
        let orders = evidence.orderCount
        return AuditReport(
            verdict: Verdict(of: invariants.map(\.holds), orders: orders), dataDirectory: dataDirectory, orders: orders,
            events: evidence.events, seconds: (ContinuousClock.now - begin) / .seconds(1), invariants: invariants,
            desk: AuditReport.Desk(evidence))
    }
}

/// Why there is no report.
package enum AuditError: Error, Equatable, CustomStringConvertible {
    case nothingToAudit(String)
    case unreadable(file: String, reason: String)
    /// Read, and proven to be broken.
    case damaged(file: String, reason: String)
    case rebuildFailed(service: ServiceName, reason: String)

    package var description: String {
        switch self {
        case .nothingToAudit(let path):
            "nothing to audit: \(path) holds no log, no database and no journal. Is it the data directory of a run?"
        case .unreadable(let file, let reason): "cannot read \(file): \(reason)"
        case .damaged(let file, let reason): "\(file) is damaged: \(reason)"
        case .rebuildFailed(let service, let reason):
            "\(service.rawValue)-service could not rebuild its database: \(reason)"
        }
    }
}
