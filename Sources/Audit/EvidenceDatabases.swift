import Contracts

/// The databases of a data directory: each service's, and the gateway's ledger.
struct EvidenceDatabases: Sendable {
    let gateway: EvidenceDatabase
    private let services: [ServiceName: EvidenceDatabase]

    /// - Parameter areOwn: whether nobody but the audit uses them.
    init(directory: String, areOwn: Bool) {
        func database(_ name: String) -> EvidenceDatabase {
            let path = "\(directory)/db/\(name)/\(name).db"
            return areOwn ? EvidenceDatabase(ownPath: path) : EvidenceDatabase(path: path)
        }
        gateway = database(Evidence.gateway)
        services = Dictionary(uniqueKeysWithValues: ServiceName.allCases.map { ($0, database($0.rawValue)) })
    }

    subscript(service: ServiceName) -> EvidenceDatabase {
        services[service]!  // there is one for each
    }
}
