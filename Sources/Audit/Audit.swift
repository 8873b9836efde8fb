package import Contracts
import Foundation

/// Recomputes from the evidence on disk whether a run held.
package struct Audit: Sendable {
    package let dataDirectory: String
    package let rebuilder: (any Rebuilder)?

    /// - Parameter rebuilder: for invariant 9, which is unknown without one.
    package init(dataDirectory: String, rebuilder: (any Rebuilder)?) {
        self.dataDirectory = dataDirectory
        self.rebuilder = rebuilder
    }

    /// Reads everything and judges it. Blocking: call it off the cooperative pool.
    ///
    /// - Throws: `AuditError.nothingToAudit` where there is no log, no database and no journal.
    package func run() throws -> AuditReport {
        throw AuditError.nothingToAudit(dataDirectory)
    }
}

/// Why there is no report.
package enum AuditError: Error, Equatable, CustomStringConvertible {
    case nothingToAudit(String)
    case unreadable(file: String, reason: String)
    case rebuildFailed(service: ServiceName, reason: String)

    package var description: String {
        switch self {
        case .nothingToAudit(let path):
            "nothing to audit: \(path) holds no log, no database and no journal. Is it the data directory of a run?"
        case .unreadable(let file, let reason): "cannot read \(file): \(reason)"
        case .rebuildFailed(let service, let reason): "\(service.rawValue)-service could not rebuild its database: \(reason)"
        }
    }
}
