import ArgumentParser
import CommandArguments
import Contracts
import Foundation
import GRDB

/// Sets how many pieces of a product can be ordered.
struct StockSetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Set how many pieces of a product are available.",
        discussion: """
            Inventory must run; what orders have reserved is not touched. A product that the catalogue does not have can be \
            stocked, but not ordered.
            Exit codes: 0 set, also if it was so already; 1 it could not be asked, or it refused.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "The product's id, such as P-0001.")
    var product: String

    @Argument(
        help: ArgumentHelp("Pieces", bounds: NumberText.described(Self.bounds), nil),
        transform: { text in
            guard let pieces = NumberText.whole(text, within: Self.bounds) else {
                throw ValidationError("it takes a whole number from \(NumberText.described(Self.bounds)).")
            }
            return pieces
        })
    var pieces: Int64

    private static let bounds: ClosedRange<Int64> = 0...1_000_000_000_000

    func run() throws {
        try common.directory.require()
        let count: JSONValue = .object(["productId": .string(product), "available": .integer(pieces)])
        // One key per command: asked again because no answer came, it is done once.
        let answer = try OperatorClient(.inventory, RunDirectory(common.directory))
            .put("stock", .object(["key": .string("stock set \(UUID())"), "stock": .array([count])]))
        let hasChanged = answer["changed"] != .integer(0)
        let output = Output()
        if common.json {
            output.line(
                try JSONValue.object([
                    "productId": .string(product), "available": .integer(pieces), "changed": .bool(hasChanged),
                ]).document())
        } else {
            let text = "\(product): \(Words.counted(pieces, "piece")) available\(hasChanged ? "" : ", as before")."
            output.lines(TerminalText.safeLines(text))
        }
        output.flush()
        if try !isInCatalogue() {
            Talk.say(
                "The catalogue does not have \(product): it cannot be ordered. 'stampede stock list' shows what can.")
        }
    }

    private func isInCatalogue() throws -> Bool {
        try Evidence.read(common.directory.database(of: .order)) { db in
            try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM products WHERE product_id = ?)", arguments: [product]) ?? false
        } ?? false
    }
}
