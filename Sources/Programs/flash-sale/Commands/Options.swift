import ArgumentParser
import CommandArguments
import CommandLineKit
import Contracts
import Foundation
import ProcessIO

/// A span of time as people type it: `1s`, `500ms`, `2m`, `1.5s`.
struct TimeSpan: Sendable, Equatable, CustomStringConvertible {
    var nanoseconds: Int64

    static let zero = TimeSpan(nanoseconds: 0)
    static let shortest = TimeSpan(nanoseconds: 1_000_000)
    /// A day.
    static let longest = TimeSpan(nanoseconds: 86_400_000_000_000)

    init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    init?(_ text: String) {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)]
        guard let (suffix, factor) = units.first(where: { text.hasSuffix($0.0) }),
            case let longest = Double(Self.longest.nanoseconds) / 1e9,
            let number = NumberText.fractional(String(text.dropLast(suffix.count)), within: 0...longest / factor)
        else { return nil }
        nanoseconds = min(Int64((number * factor * 1_000_000_000).rounded()), Self.longest.nanoseconds)
    }

    var duration: Duration { .nanoseconds(nanoseconds) }

    var description: String {
        switch nanoseconds {
        case 0: "0s"
        case _ where nanoseconds % 3_600_000_000_000 == 0: "\(nanoseconds / 3_600_000_000_000)h"
        case _ where nanoseconds % 1_000_000_000 == 0: "\(nanoseconds / 1_000_000_000)s"
        default: "\(nanoseconds / 1_000_000)ms"
        }
    }
}

extension Option where Value == TimeSpan {
    /// A span of time up to `TimeSpan.longest`.
    init(wrappedValue: Value, from shortest: TimeSpan = .shortest, help: String) {
        let bounds = "\(shortest) to \(TimeSpan.longest)"
        self.init(
            wrappedValue: wrappedValue, parsing: .unconditional,
            help: ArgumentHelp(help, bounds: bounds, "time", wrappedValue),
            transform: { text in
                guard let span = TimeSpan(text), span.nanoseconds >= shortest.nanoseconds else {
                    throw ValidationError("it takes a time from \(bounds), such as 500ms, 1.5s, 2m or 1h.")
                }
                return span
            })
    }
}

extension Stock {
    /// What Inventory takes of one product.
    private static let units = 0...1_000_000_000_000
    static let bounds = NumberText.described(units)

    static func read(_ text: String) throws -> Stock {
        if text == "all" { return .all }
        guard let units = NumberText.whole(text, within: units) else {
            throw ValidationError("it takes a whole number from \(bounds), or 'all'.")
        }
        return .units(units)
    }
}

/// What `run` and `replay` share.
struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The data directory; else STAMPEDE_DATA names it.", valueName: "dir"))
    var data = UsualDataDirectory().path

    @Option(help: ArgumentHelp("Write the report as JSON, too.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("Write the report as a page of HTML, too.", valueName: "file"))
    var html: String?

    @Option(help: "How long a shopper keeps trying, from the intended time on.")
    var patience = TimeSpan(nanoseconds: 60_000_000_000)

    @Option(from: .zero, help: "How long to wait for the outcomes of accepted orders.")
    var drainTimeout = TimeSpan(nanoseconds: 120_000_000_000)

    @Option(help: "How long to wait for one answer before asking again with the same key.")
    var answerTimeout = TimeSpan(nanoseconds: 30_000_000_000)

    @Option(from: .zero, help: "How long to wait for services that are not up yet, before the sale.")
    var waitForServices = TimeSpan(nanoseconds: 0)

    func validate() throws {
        let reports = [json, html].compactMap { $0.map { URL(fileURLWithPath: $0).standardizedFileURL } }
        if Set(reports).count < reports.count {
            throw ValidationError("--json and --html name the same file: one report would replace the other")
        }
        CommandHints.use(dataOption: UsualDataDirectory().option(for: data))
    }

    var manners: Shopper.Manners {
        Shopper.Manners(
            patienceNanoseconds: patience.nanoseconds, answerTimeoutNanoseconds: answerTimeout.nanoseconds)
    }

    /// Absolute, so that other processes find it too.
    var dataDirectory: String { URL(fileURLWithPath: data).standardizedFileURL.path }

    /// Prints the report, writes it where asked, and ends with the verdict's exit code.
    func deliver(_ report: Report) throws {
        // What one place does not take, another may.
        let results: [Result<Void, any Error>] = [
            Result { try StandardOutput.line(ReportText(report, limit: Terminal.columns).text) },
            Result { if let json { try OutputFile(json).write([UInt8](try report.encoded())) } },
            Result { if let html { try OutputFile(html).write(Array(ReportPage(report).html.utf8)) } },
        ]
        for result in results { try result.get() }
        if report.verdict != .valid { throw ExitCode(report.verdict.exitCode) }
    }

    /// Before the sale, not after it: whether the reports can be written.
    ///
    /// - Throws: `OutputError`.
    func checkOutputs() throws {
        for path in [json, html].compactMap(\.self) { try OutputFile(path).check() }
    }
}
