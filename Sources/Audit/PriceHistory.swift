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
            let from: Int64 = row[1]
            prices[row[0], default: []].append((from, Money(amount: row[2], currency: row[3])))
            begin = min(begin ?? from, from)
        }
        try db.forEachRow("SELECT product_id, unit_price, currency FROM products") { row in
            catalogue[row[0]] = Money(amount: row[1], currency: row[2])
        }
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
