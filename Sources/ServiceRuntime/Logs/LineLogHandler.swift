import Contracts
import Foundation
package import Logging

/// How a process writes its log.
package enum LogForm: String, CaseIterable, Sendable {
    /// For people where stderr is a terminal, JSON anywhere else.
    case auto
    case json
    case text

    /// Routes swift-log to stderr; once a process.
    package func bootstrap(level: Logger.Level) {
        let isText = self == .text || (self == .auto && isatty(STDERR_FILENO) == 1)
        LoggingSystem.bootstrap { label in
            LineLogHandler(label: label, logLevel: level, line: isText ? LogLine.text : LogLine.json) { bytes in
                // Whole in one write, so that lines of other threads and processes do not come between.
                _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            }
        }
    }
}

/// Writes each message as one line.
package struct LineLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let line: @Sendable (LogLine) -> [UInt8]
    private let write: @Sendable ([UInt8]) -> Void

    package init(
        label: String, logLevel: Logger.Level, line: @escaping @Sendable (LogLine) -> [UInt8],
        write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.label = label
        self.logLevel = logLevel
        self.line = line
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        all.merge(metadataProvider?.get() ?? [:]) { $1 }
        all.merge(event.metadata ?? [:]) { $1 }
        if let error = event.error { all["error"] = "\(error)" }
        let fields = all.sorted { $0.key < $1.key }.map { (key: $0.key, value: Redaction.of("\($0.value)")) }
        write(
            line(
                LogLine(
                    time: SystemClock().now(), level: event.level, label: label,
                    message: Redaction.of("\(event.message)"), fields: fields)))
    }
}
