import Foundation
import GRDB

/// The cells of a row of the ledger's database, each read with its type checked: GRDB's own reading ends the process where a
/// cell holds something else.
struct LedgerCells {
    let row: Row
    let table: String

    /// - Throws: `DatabaseError` with `SQLITE_CORRUPT`, naming table and column.
    func text(_ index: Int) throws -> String {
        guard case .string(let text) = (row[index] as DatabaseValue).storage else { throw fault(index, "text") }
        return text
    }

    /// - Throws: as above; also for a negative number.
    func whole(_ index: Int) throws -> Int64 {
        guard case .int64(let number) = (row[index] as DatabaseValue).storage, number >= 0 else {
            throw fault(index, "a whole number that is not negative")
        }
        return number
    }

    /// - Throws: as above.
    func status(_ index: Int) throws -> Int? {
        let value: DatabaseValue = row[index]
        if value.isNull { return nil }
        guard let status = Int(exactly: try whole(index)), (100...599).contains(status) else {
            throw fault(index, "an HTTP status")
        }
        return status
    }

    /// - Throws: as above.
    func bytes(_ index: Int) throws -> Data? {
        switch (row[index] as DatabaseValue).storage {
        case .null: return nil
        case .blob(let data): return data
        default: throw fault(index, "bytes")
        }
    }

    private func fault(_ index: Int, _ expected: String) -> DatabaseError {
        let column = row.columnNames.dropFirst(index).first ?? "column \(index)"
        return DatabaseError(
            resultCode: .SQLITE_CORRUPT, message: "\(table).\(column) does not hold \(expected), which belongs there")
    }
}
