import ArgumentParser
import Contracts
import Delivery
import GRDB

/// What is in stock, and at which price the catalogue offers it.
struct StockListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the products: pieces available and reserved, price and name.",
        discussion: """
            AVAILABLE is what can still be ordered, RESERVED what orders hold or have bought. A product without a price is not \
            in the catalogue, and cannot be ordered.
            Exit codes: 0 ok, 1 there is no run or something cannot be read.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "Only these products.")
    var products: [String] = []

    private struct Line {
        let product: String
        var available: Int64?
        var reserved: Int64?
        var name: String?
        var price: Money?
    }

    func run() throws {
        try common.directory.requireRun()
        let lines = try lines()
        let unknown = products.filter { product in !lines.contains { $0.product == product } }
        let output = Output()
        if common.json {
            output.line(try JSONValue.object(["products": .array(lines.map(Self.json))]).document())
        } else if lines.isEmpty, products.isEmpty {
            Talk.say(
                "No products. 'flash-sale run' stocks the shelves, and so does 'stampede stock set'; see "
                    + "'stampede stock set --help'.")
        } else if !lines.isEmpty {
            output.lines(table(lines).lines(width: output.width, style: output.style))
        }
        output.flush()
        for product in unknown {
            Talk.problem("there is no product '\(product)', neither in stock nor in the catalogue")
        }
        if !unknown.isEmpty { throw ExitCode.failure }
    }

    private func lines() throws -> [Line] {
        var lines: [String: Line] = [:]
        _ = try Evidence.read(common.directory.database(of: .inventory)) { db in
            for row in try Row.fetchAll(db, sql: "SELECT product_id, available, reserved FROM stock") {
                let cell = Cells(row, of: "stock")
                let product: String = try cell(0)
                lines[product] = Line(product: product, available: try cell(1), reserved: try cell(2))
            }
        }
        _ = try Evidence.read(common.directory.database(of: .order)) { db in
            for row in try Row.fetchAll(db, sql: "SELECT product_id, name, unit_price, currency FROM products") {
                let cell = Cells(row, of: "products")
                let product: String = try cell(0)
                lines[product, default: Line(product: product)].name = try cell(1)
                lines[product]?.price = Money(amount: try cell(2), currency: try cell(3))
            }
        }
        return lines.values.filter { products.isEmpty || products.contains($0.product) }
            .sorted { $0.product < $1.product }
    }

    private func table(_ lines: [Line]) -> Table {
        var table = Table([
            .init(title: "PRODUCT"), .init(title: "AVAILABLE", alignment: .right),
            .init(title: "RESERVED", alignment: .right), .init(title: "PRICE", alignment: .right),
            .init(title: "NAME", isFlexible: true),
        ])
        for line in lines {
            table.add([
                .init(line.product), .init(Words.count(line.available ?? 0)), .init(Words.count(line.reserved ?? 0)),
                .init(line.price?.text ?? "-"), .init(line.name ?? "-"),
            ])
        }
        return table
    }

    private static func json(_ line: Line) -> JSONValue {
        let price = line.price.map { price in
            JSONValue.object(["amount": JSONValue(price.amount), "currency": .string(price.currency)])
        }
        return .object([
            "productId": .string(line.product), "available": JSONValue(line.available ?? 0),
            "reserved": JSONValue(line.reserved ?? 0), "name": JSONValue(line.name), "price": price ?? .null,
        ])
    }
}
