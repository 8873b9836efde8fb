import Contracts
import Foundation

/// What `--json` prints, built beside the table so that both say the same.
extension JSONValue {
    init(_ value: String?) { self = value.map(JSONValue.string) ?? .null }
    init(_ value: (some BinaryInteger)?) { self = value.map { .integer(Int64(clamping: $0)) } ?? .null }
    init(_ value: Double?) { self = value.map { $0.isFinite ? .number($0) : .null } ?? .null }
    init(_ value: Timestamp?) { self = value.map { .string($0.description) } ?? .null }

    /// Several lines, keys sorted.
    func document() throws -> String { try text([.prettyPrinted]) }

    /// One line, keys sorted.
    func line() throws -> String { try text([]) }

    private func text(_ formatting: JSONEncoder.OutputFormatting) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting.union([.sortedKeys, .withoutEscapingSlashes])
        return JSONText.safe(String(decoding: try encoder.encode(self), as: UTF8.self))
    }
}

/// JSON text on its way to a terminal.
enum JSONText {
    /// The same JSON with what a terminal acts on written as `\u` escapes.
    static func safe(_ json: String) -> String {
        if json.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F || $0 == UInt8(ascii: "\n") }) { return json }
        var result = ""
        for scalar in json.unicodeScalars {
            if scalar != "\n", TerminalText.isHazardous(scalar) {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The same on one line: a line end in JSON can only stand between values.
    static func safeLine(_ json: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in json.unicodeScalars {
            line.append(scalar == "\n" || scalar == "\r" || scalar == "\t" ? " " : scalar)
        }
        return safe(String(line))
    }
}
