import Delivery
package import GRDB
package import Contracts

/// A product as it is sold.
package struct Product: Codable, Hashable, Sendable {
    package var productID: String
    package var name: String
    package var price: Money

    package init(productID: String, name: String, price: Money) {
        self.productID = productID
        self.name = name
        self.price = price
    }

    private enum CodingKeys: String, CodingKey {
        case productID = "productId"
        case name, price
    }
}

/// What is for sale, at which price. Reference data: loaded by the operator, not told by events.
package enum Catalog {
    package static let maximumProductIDBytes = 64
    /// Unicode scalars.
    package static let maximumNameLength = 200

    package static func products(_ db: Database) throws -> [Product] {
        try Row.fetchAll(db, sql: "SELECT product_id, name, unit_price, currency FROM products ORDER BY product_id")
            .map(decode)
    }

    static func product(_ id: String, _ db: Database) throws -> Product? {
        try Row.fetchOne(
            try db.cachedStatement(
                sql: "SELECT product_id, name, unit_price, currency FROM products WHERE product_id = ?"),
            arguments: [id]
        ).map(decode)
    }

    /// Adds or replaces; the price of orders already placed stays, and the history says which price held for them.
    package static func load(_ products: [Product], _ db: Database) throws {
        let statement = try db.makeStatement(
            sql: """
                INSERT INTO products (product_id, name, unit_price, currency) VALUES (?, ?, ?, ?)
                ON CONFLICT (product_id) DO UPDATE
                SET name = excluded.name, unit_price = excluded.unit_price, currency = excluded.currency
                """)
        for product in products {
            try statement.execute(arguments: [
                product.productID, product.name, product.price.amount, product.price.currency,
            ])
        }
        try noteChangedPrices(db)
    }

    // MARK: - History of prices

    /// A database of an earlier program has products and no history: it begins with the next order.
    static func beginHistory(_ db: Database) throws {
        let isKept = try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM prices)") ?? false
        if !isKept { try noteChangedPrices(db) }
    }

    /// *Guarantee*: which price an order was placed at follows from its sequence in `orders` and this table, without a clock:
    /// a change and a checkout are two transactions of one database. *If broken*: the audit cannot check a total.
    private static func noteChangedPrices(_ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO prices (product_id, from_sequence, unit_price, currency)
                SELECT product_id, ?, unit_price, currency FROM products AS p
                WHERE NOT EXISTS (
                    SELECT 1 FROM prices AS h
                    WHERE h.product_id = p.product_id AND h.unit_price = p.unit_price
                        AND h.currency = p.currency
                        AND h.from_sequence = (SELECT max(from_sequence) FROM prices WHERE product_id = p.product_id))
                ON CONFLICT (product_id, from_sequence) DO UPDATE
                SET unit_price = excluded.unit_price, currency = excluded.currency
                """, arguments: [try OutboxSequence.next(of: .orders, db)])
    }

    private static func decode(_ row: Row) throws -> Product {
        let cell = Cells(row, of: "products")
        return Product(
            productID: try cell(0), name: try cell(1), price: Money(amount: try cell(2), currency: try cell(3)))
    }
}
