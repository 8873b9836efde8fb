import Contracts
import Foundation
import Testing

@testable import Web

/// The copies of `Currency` that no compiler compares.
@Suite("Copies of the currency table")
struct CurrencyTableTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test("format.js holds the digits of every currency that has not two")
    func page() throws {
        let script = try String(contentsOf: Self.root.appending(path: "Sources/Web/Pages/format.js"), encoding: .utf8)
        var digits: [String: Int] = [:]
        for match in script.matches(of: #/\n    (\d): "([A-Z ]+)",/#) {
            for code in match.2.split(separator: " ") { digits[String(code)] = Int(match.1) }
        }
        let wanted = Currency.codes.reduce(into: [String: Int]()) { table, code in
            if let digits = Currency.minorUnitDigits(code), digits != 2 { table[code] = digits }
        }
        #expect(digits == wanted)
        #expect(script.contains("digitsOf.get(currency) ?? 2"))
    }

    @Test("the description admits these currencies and no other")
    func description() throws {
        let text = try String(contentsOf: Self.root.appending(path: "docs/reference/openapi.yaml"), encoding: .utf8)
        let list = try #require(text.firstMatch(of: #/\n    Currency:\n[^\[]*enum: \[([A-Z,\s]+)\]/#)).1
        let codes = list.split { $0 == "," || $0.isWhitespace }.map(String.init)
        #expect(codes == Currency.codes)
    }
}
