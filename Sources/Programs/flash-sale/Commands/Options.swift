import ArgumentParser
import Foundation

/// A span of time as people type it: `1s`, `500ms`, `2m`, `1.5s`.
struct TimeSpan: ExpressibleByArgument, Sendable, Equatable {
    var nanoseconds: Int64

    static let longest = 24.0 * 3600

    init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    init?(argument: String) {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)]
        guard let (suffix, factor) = units.first(where: { argument.hasSuffix($0.0) }),
            case let figure = argument.dropLast(suffix.count),
            figure.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }),
            let number = Double(figure), number >= 0, number * factor <= Self.longest
        else { return nil }
        nanoseconds = Int64((number * factor * 1_000_000_000).rounded())
    }

    var duration: Duration { .nanoseconds(nanoseconds) }

    var defaultValueDescription: String {
        nanoseconds % 1_000_000_000 == 0 ? "\(nanoseconds / 1_000_000_000)s" : "\(nanoseconds / 1_000_000)ms"
    }
}

extension Stock: ExpressibleByArgument {
    init?(argument: String) {
        self.init(argument)
    }

    var defaultValueDescription: String { description }
}

/// What `run` and `replay` share.
struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The data directory.", valueName: "dir"))
    var data = ".stampede"

    @Option(help: ArgumentHelp("Write the report as JSON, too.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("Write the report as a page of HTML, too.", valueName: "file"))
    var html: String?

    @Option(help: ArgumentHelp("How long a shopper keeps trying, from the intended time on.", valueName: "time"))
    var patience = TimeSpan(nanoseconds: 60_000_000_000)

    @Option(help: ArgumentHelp("How long to wait for the outcomes of accepted orders.", valueName: "time"))
    var drainTimeout = TimeSpan(nanoseconds: 120_000_000_000)

    @Option(
        help: ArgumentHelp("How long to wait for one answer before asking again with the same key.", valueName: "time"))
    var answerTimeout = TimeSpan(nanoseconds: 30_000_000_000)

    @Option(
        help: ArgumentHelp("How long to wait for services that are not up yet, before the sale.", valueName: "time"))
    var waitForServices = TimeSpan(nanoseconds: 0)

    func validate() throws {
        guard patience.nanoseconds > 0 else { throw ValidationError("--patience must be longer than nothing") }
        guard answerTimeout.nanoseconds > 0 else {
            throw ValidationError("--answer-timeout must be longer than nothing")
        }
    }

    var manners: Shopper.Manners {
        Shopper.Manners(
            patienceNanoseconds: patience.nanoseconds, answerTimeoutNanoseconds: answerTimeout.nanoseconds)
    }

    /// Absolute, so that other processes find it too.
    var dataDirectory: String { URL(fileURLWithPath: data).standardizedFileURL.path }

    /// Prints the report, writes it where asked, and ends with the verdict's exit code.
    func deliver(_ report: Report) throws {
        print(ReportText(report).text)
        if let json { try Self.write(try report.encoded(), to: json) }
        if let html { try Self.write(Data(ReportPage(report).html.utf8), to: html) }
        if report.verdict != .valid { throw ExitCode(report.verdict.exitCode) }
    }

    private static func write(_ report: Data, to path: String) throws {
        do {
            try report.write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw SettingsError(description: "cannot write the report to \(path): \(error.localizedDescription)")
        }
    }
}
