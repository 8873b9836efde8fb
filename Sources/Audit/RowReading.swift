import Contracts
import Foundation
import GRDB

extension Row {
    /// A 16-byte blob; nil for anything else.
    func identifier<Owner>(_ index: Int, of _: Owner.Type = Owner.self) -> Identifier<Owner>? {
        guard let data = try? withUnsafeData(atIndex: index, { $0.flatMap { Identifier<Owner>(bytes: $0) } }) else {
            return nil
        }
        return data
    }

    func bytes(_ index: Int) -> [UInt8] {
        (try? withUnsafeData(atIndex: index, { $0.map([UInt8].init) ?? [] })) ?? []  // text or a number: no bytes
    }
}

extension Database {
    /// Calls the body with each row of a query, in its order.
    func forEachRow(_ sql: String, _ body: (Row) throws -> Void) throws {
        let rows = try Row.fetchCursor(self, sql: sql)
        while let row = try rows.next() { try body(row) }
    }
}
