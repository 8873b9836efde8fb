import Foundation
import Testing

@testable import Contracts

@Suite("Currencies of ISO 4217")
struct CurrencyTests {
    /// `Fixtures/currencies/iso4217.tsv`: code and minor unit, as in the standard's own column.
    private static func standard() throws -> [(code: String, digits: Int?)] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/currencies/iso4217.tsv")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst().map { line in
            let fields = line.split(separator: "\t")
            try #require(fields.count == 2 && (fields[1] == "N.A.") == (Int(fields[1]) == nil), "\(line)")
            return (String(fields[0]), Int(fields[1]))
        }
    }

    @Test("the table is the standard's, code by code")
    func table() throws {
        let standard = try Self.standard()
        #expect(standard.count > 170)
        for (code, digits) in standard { #expect(Currency.minorUnitDigits(code) == digits, "\(code)") }
        #expect(Currency.codes == standard.filter { $0.digits != nil }.map(\.code).sorted())
        for code in ["gbp", "GB", "GBPX", "", "XXX", "XTS", "XAU", "AAA", "ÉUR", "GBP\0"] {
            #expect(Currency.minorUnitDigits(code) == nil, "\(code)")
        }
    }

    @Test("every amount is written exactly in every currency")
    func amounts() throws {
        let amounts: [Int64] = [
            0, 1, -1, 5, 9, 10, 99, 100, -100, 999, 1000, 9999, 10_000, 199_900, -199_900, 9_007_199_254_740_991,
            9_007_199_254_740_993, .max, .min,
        ]
        for (code, digits) in try Self.standard() {
            let unit = (0..<(digits ?? 2)).reduce(UInt64(1)) { power, _ in power * 10 }
            for amount in amounts {
                let text = Money(amount: amount, currency: code).text
                let number = try #require(text.hasSuffix(" " + code) ? text.dropLast(4) : nil, "\(text)")
                #expect(number.hasPrefix("-") == (amount < 0), "\(text)")
                let parts = number.drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
                #expect(parts.count == (unit > 1 ? 2 : 1), "\(text)")
                #expect(parts.first.flatMap { UInt64($0) } == amount.magnitude / unit, "\(text)")
                #expect(String(parts.first ?? "") == "\(amount.magnitude / unit)", "\(text)")
                if unit > 1 {
                    #expect(parts.last?.count == digits ?? 2, "\(text)")
                    #expect(parts.last.flatMap { UInt64($0) } == amount.magnitude % unit, "\(text)")
                }
            }
        }
        #expect(Money(amount: 100, currency: "XYZ").text == "1.00 XYZ")
    }
}
