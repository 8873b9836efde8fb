import Contracts
import Logging

/// One message of a log, and how it is written.
package struct LogLine: Sendable {
    let time: Timestamp
    let level: Logger.Level
    let label: String
    let message: String
    /// In the order of their names.
    let fields: [(key: String, value: String)]

    /// `{"time":…,"level":…,"service":…,"message":…,` and the fields, all of them text.
    package static func json(_ line: LogLine) -> [UInt8] {
        var writer = CanonicalJSONWriter()
        writer.raw(#"{"time":"#)
        writer.string(line.time.description)
        writer.raw(#","level":"#)
        writer.string(line.level.rawValue)
        writer.raw(#","service":"#)
        writer.string(line.label)
        writer.raw(#","message":"#)
        writer.string(line.message)
        for field in line.fields {
            writer.raw(",")
            writer.string(field.key)
            writer.raw(":")
            writer.string(field.value)
        }
        writer.raw("}\n")
        return writer.bytes
    }

    /// `20:35:07.123 error   order: what happened  eventId=… topic=…`, without control characters.
    package static func text(_ line: LogLine) -> [UInt8] {
        let clock = line.time.description.dropFirst(11).prefix(12)
        let level = line.level.rawValue.padded(to: 8)
        let fields = line.fields.map { " \($0.key)=\($0.value)" }.joined()
        let text = "\(clock) \(level) \(line.label): \(line.message)\(fields.isEmpty ? "" : " ")\(fields)"
        return Array(text.utf8.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }) + [UInt8(ascii: "\n")]
    }
}

extension String {
    fileprivate func padded(to length: Int) -> String {
        self + String(repeating: " ", count: max(0, length - count))
    }
}
