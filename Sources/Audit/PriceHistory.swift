import Contracts
import GRDB

/// Which price each product was sold at, from which sequence of `orders` on, as the Order database keeps it.
struct PriceHistory {
    /// Ascending.
    private var prices: [String: [(from: Int64, price: Money)]] = [:]
    /// The catalogue as it is now.
    private(set) var catalogue: [String: Money] = [:]
    /// The sequence of the first order whose prices are known; `nil` if no price is.
    private(set) var begin: Int64?

    /// Nil if the database was made by a program that kept no history, and was not opened by another since.
    init?(_ db: Database) throws {
        guard try db.tableExists("prices") else { return nil }
        let history =
            "SELECT product_id, from_sequence, unit_price, currency FROM prices ORDER BY product_id, from_sequence"
        try db.forEachRow(history) { row in
            let from: Int64 = try Self.cell(row, 1)
            let price = Money(amount: try Self.cell(row, 2), currency: try Self.cell(row, 3))
            prices[try Self.cell(row, 0), default: []].append((from, price))
            begin = min(begin ?? from, from)
        }
        try db.forEachRow("SELECT product_id, unit_price, currency FROM products") { row in
            catalogue[try Self.cell(row, 0)] = Money(amount: try Self.cell(row, 1), currency: try Self.cell(row, 2))
        }
    }

    /// A cell of the type that belongs there; another one must not end the audit.
    private static func cell<Value: DatabaseValueConvertible>(_ row: Row, _ index: Int) throws -> Value {
        let stored: DatabaseValue = row[index]
        guard let value = Value.fromDatabaseValue(stored), value.databaseValue == stored else {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "column \(index) of a price or product holds \(stored)")
        }
        return value
    }

    /// The price that held for an order; `nil` if none is on record.
    func price(of product: String, at sequence: Int64) -> Money? {
        prices[product]?.last { $0.from <= sequence }?.price
    }

    /// Products whose price now is not the last of their history.
    var strays: [String] {
        Set(prices.keys).union(catalogue.keys).filter { prices[$0]?.last?.price != catalogue[$0] }.sorted()
    }
}
