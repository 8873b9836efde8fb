import Contracts
import Foundation
import GRDB
import Testing
import TestSupport

@Suite("stampede stock", .timeLimit(.minutes(5)))
struct CLIStockTests {
    private static let products =
        "CREATE TABLE products (product_id TEXT PRIMARY KEY, name TEXT, unit_price INTEGER, currency TEXT);"
    private static let stock =
        "CREATE TABLE stock (product_id TEXT PRIMARY KEY, available INTEGER, reserved INTEGER);"

    @Test("set asks Inventory once, whatever it answered first; what the catalogue does not have is named")
    func set() async throws {
        try await withTemporaryDirectory { data in
            let admin = try await FakeAdmin(in: data)
            let world = try CLIWorld(data)
            try world.write(.order) { db in
                try db.execute(sql: Self.products + "INSERT INTO products VALUES ('P-1', 'Mug', 1999, 'GBP')")
            }
            let environment = ["STAMPEDE_INVENTORY_ADMIN_PORT": String(admin.port)]
            let outcome = try await CLI.run("stock", "set", "P-1", "1200", data: data, environment: environment)
            #expect(outcome.status == 0 && outcome.output == "P-1: 1,200 pieces available.\n", "\(outcome)")
            let asked = try admin.asked()
            let request = try #require(asked.first)
            #expect(asked.count == 1 && request.path == "/admin/stock")
            let counts = try #require(request.body["stock"] as? [[String: Any]])
            #expect(counts.count == 1 && counts.first?["productId"] as? String == "P-1")
            #expect(counts.first?["available"] as? Int == 1200)
            let unknown = try await CLI.run("stock", "set", "P-2", "1", data: data, environment: environment)
            #expect(unknown.status == 0 && unknown.output == "P-2: 1 piece available.\n", "\(unknown)")
            #expect(unknown.errors.contains("The catalogue does not have P-2: it cannot be ordered"), "\(unknown)")
            let keys = Set(try admin.asked().compactMap { $0.body["key"] as? String })
            #expect(keys.count == 2, "a key per command")
            for pieces in ["-1", "1000000000001", "1e3", "many"] {
                let refused = try await CLI.run("stock", "set", "P-1", "--", pieces, data: data)
                #expect(refused.status == 2, "\(pieces): \(refused)")
            }
        }
    }

    @Test("list shows what is in stock and what the catalogue has, with everything stopped")
    func list() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            try world.write(.order) { db in
                try db.execute(
                    sql: Self.products
                        + "INSERT INTO products VALUES ('P-1', 'Mug', 1999, 'GBP'), ('P-3', 'Jug', 5, 'JPY')")
            }
            try world.write(.inventory) { db in
                try db.execute(sql: Self.stock + "INSERT INTO stock VALUES ('P-1', 1234, 7), ('P-2', 0, 1)")
            }
            let before = try fingerprint(data)
            let text = try await CLI.run("stock", data: data)
            #expect(
                text.output == """
                    PRODUCT  AVAILABLE  RESERVED      PRICE  NAME
                    P-1          1,234         7  19.99 GBP  Mug
                    P-2              0         1          -  -
                    P-3              0         0      5 JPY  Jug

                    """, "\(text)")
            let products = try #require(try await CLI.json("stock", "list", data: data)["products"] as? [[String: Any]])
            #expect(products.map { $0["available"] as? Int } == [1234, 0, 0])
            #expect(products.map { $0["name"] as? String } == ["Mug", nil, "Jug"])
            let one = try await CLI.run("stock", "list", "P-2", "P-9", data: data)
            #expect(
                one.status == 1 && one.output.textLines.count == 2 && one.errors.contains("no product 'P-9'"), "\(one)")
            #expect(try fingerprint(data) == before)
        }
    }
}
