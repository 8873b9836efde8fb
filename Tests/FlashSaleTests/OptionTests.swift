import ArgumentParser
import CommandArguments
import Testing

@testable import flash_sale

/// The numbers of a command line (`CommandArguments`).
@Suite("Numeric options have bounds")
struct OptionTests {
    /// No number to any option.
    private static let none = [
        "", " ", " 5", "5 ", "5x", "x", "0x5", "0x1p3", "1e3", "1e-20", "1e308", "inf", "-inf", "nan", "NaN", "+5",
        "--5", "1_000",
        "1,000", "5.5.5", "٥", "５", "5\n", "1e9h", String(repeating: "9", count: 400), "-1", "-0.5",
    ]

    @Test("what is no number is refused, and the refusal names the bounds", arguments: none)
    func noNumber(text: String) {
        for (option, bounds) in [
            ("--rate", "0.001 to 100,000"), ("--patience", "1ms to 24h"), ("--stock", "0 to 1,000,000,000,000"),
        ] {
            let error = #expect(throws: (any Error).self) { try ReplayCommand.parse(["f.csv", option, text]) }
            #expect(error.map { ReplayCommand.fullMessage(for: $0).contains(bounds) } == true, "\(option) '\(text)'")
        }
        for (option, bounds) in [("--shoppers", "1 to 5,000,000"), ("--seed", "0 to 18,446,744,073,709,551,615")] {
            let error = #expect(throws: (any Error).self) { try RunCommand.parse([option, text]) }
            #expect(error.map { RunCommand.fullMessage(for: $0).contains(bounds) } == true, "\(option) '\(text)'")
        }
    }

    @Test("bounds hold on both sides")
    func bounds() throws {
        for (text, isTaken) in [
            ("0.001", true), ("0.0009", false), ("100000", true), ("100000.1", false), ("0", false),
        ] {
            #expect(((try? ReplayCommand.parse(["f.csv", "--rate", text])) != nil) == isTaken, "\(text)")
        }
        for (text, isTaken) in [("1ms", true), ("0.5ms", false), ("24h", true), ("24.1h", false), ("0s", false)] {
            #expect(((try? ReplayCommand.parse(["f.csv", "--patience", text])) != nil) == isTaken, "\(text)")
        }
        #expect(try RunCommand.parse(["--seed", "18446744073709551615"]).seed == .max)
        #expect(try RunCommand.parse(["--workers", "2"]).workers == 2)
        #expect(try RunCommand.parse([]).shoppers == 50_000)
    }

    @Test("a number is written with its digits alone")
    func numbers() {
        #expect(NumberText.whole("-5", within: -10...10) == -5)
        #expect(NumberText.whole("--5", within: -10...10) == nil)
        #expect(NumberText.whole("-5", within: 0...10) == nil)
        #expect(NumberText.whole("007", within: 0...10) == 7)
        #expect(NumberText.fractional("0.5", within: 0...1) == 0.5)
        #expect(NumberText.fractional(".", within: 0...1) == nil)
        #expect(NumberText.described(-1000...1_000_000) == "-1,000 to 1,000,000")
        #expect(NumberText.described(0.1...3600) == "0.1 to 3,600")
    }
}
