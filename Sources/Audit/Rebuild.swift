package import Contracts

/// Makes a service's database anew from the log.
package protocol Rebuilder: Sendable {
    /// - Parameter directory: exists, is empty, and is the caller's to remove.
    /// - Throws: `AuditError.rebuildFailed`.
    func rebuild(_ service: ServiceName, into directory: String) throws -> RebuiltDatabase
}

/// A rebuilt database, and which of its tables are state.
package struct RebuiltDatabase: Sendable {
    package let path: String
    package let tables: [StateTable]

    package init(path: String, tables: [StateTable]) {
        self.path = path
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
