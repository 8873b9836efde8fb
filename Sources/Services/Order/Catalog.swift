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

    /// Adds or replaces; the price of orders already placed stays.
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
    }

    private static func decode(_ row: Row) -> Product {
        Product(
            productID: row["product_id"], name: row["name"],
            price: Money(amount: row["unit_price"], currency: row["currency"]))
    }
}
