import Foundation
import Logging

/// Writes each message as one line to stderr: JSON in the form of the shop's services, text on a terminal.
///
/// Nothing that a caller sent is logged: a call is counted, and what a key is bound to stands in the ledger.
struct LogLines: LogHandler {
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    let label: String
    let isText: Bool

    static func logger(_ label: String) -> Logger {
        let isText = isatty(STDERR_FILENO) == 1
        return Logger(label: label) { LogLines(label: $0, isText: isText) }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }.map {
            ($0.key, "\($0.value)")
        }
        let line = line(Date(), event.level, "\(event.message)", fields)
        // Whole in one write, so that lines of other threads do not come between.
        _ = Array((line + "\n").utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    func line(_ time: Date, _ level: Logger.Level, _ message: String, _ fields: [(String, String)]) -> String {
        let clock = time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        guard !isText else {
            let rest = fields.map { " \($0.0)=\($0.1)" }.joined()
            let text = "\(clock) \(level.rawValue) \(label): \(message)\(rest)"
            return String(
                String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
        }
        let parts = [("time", clock), ("level", level.rawValue), ("service", label), ("message", message)] + fields
        return "{" + parts.map { "\(JSONText.quoted($0.0)):\(JSONText.quoted($0.1))" }.joined(separator: ",") + "}"
    }
}
