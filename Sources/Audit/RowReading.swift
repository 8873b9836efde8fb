import Contracts
import Foundation
import GRDB

extension Row {
    /// A 16-byte blob; nil for anything else.
    func identifier<Owner>(_ index: Int, of _: Owner.Type = Owner.self) -> Identifier<Owner>? {
        let words = try? withUnsafeData(atIndex: index) { data -> (UInt64, UInt64)? in
            guard let data, data.count == Identifier<Owner>.byteCount else { return nil }
            return data.withUnsafeBytes { bytes in
                (
                    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
        }
        return words.map { Identifier(high: $0.0, low: $0.1) }
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
