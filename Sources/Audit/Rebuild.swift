package import Contracts
package import GRDB

/// Makes a service's database anew from the log.
package protocol Rebuilder: Sendable {
    /// - Parameters:
    ///   - live: the service's own, which says how far a rebuild goes.
    ///   - directory: exists, is empty, and is the caller's to remove.
    /// - Throws: `AuditError.rebuildFailed`.
    func rebuild(_ service: ServiceName, live: EvidenceDatabase, into directory: String) throws -> RebuiltDatabase
}

/// A rebuilt database, and which of its tables are state.
package struct RebuiltDatabase: Sendable {
    let database: EvidenceDatabase
    let tables: [StateTable]

    package init(path: String, tables: [StateTable]) {
        database = EvidenceDatabase(ownPath: path)
        self.tables = tables
    }

    /// - Parameter queue: nobody else's from here on.
    package init(_ queue: DatabaseQueue, tables: [StateTable]) {
        database = EvidenceDatabase(own: queue)
        self.tables = tables
    }
}

/// A table that must come out the same: its columns, and the key that orders its rows.
package struct StateTable: Codable, Sendable, Equatable {
    package let table: String
    package let columns: [String]
    package let key: [String]

    package init(table: String, columns: [String], key: [String]) {
        self.table = table
        self.columns = columns
        self.key = key
    }
}
