import Foundation

/// RFC 2047: `=?utf-8?B?…?=` in a header.
enum EncodedWord {
    /// Longest word looked at, in bytes; the RFC allows 75.
    private static let limit = 1000

    /// - Parameter isStructured: as in `To`: nothing within `<>` or quotes is an encoded word.
    static func decoded(_ value: String, isStructured: Bool = false) -> String {
        guard value.contains("=?") else { return value }
        let bytes = Array(value.utf8)
        var output: [UInt8] = []
        var protection = Protection(isOn: isStructured)
        var index = 0
        /// Where the white space behind an encoded word begins in the output.
        var gap: Int?
        while index < bytes.count {
            let isFree = index == 0 || isSpace(bytes[index - 1]) || bytes[index - 1] == UInt8(ascii: "(")
            if isFree, !protection.holds, let word = word(bytes[index...]) {
                // White space between two encoded words belongs to neither.
                if let gap, output[gap...].allSatisfy(isSpace) { output.removeSubrange(gap...) }
                output += word.text
                gap = output.count
                index += word.length
                continue
            }
            protection.pass(bytes[index])
            output.append(bytes[index])
            index += 1
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Whether what comes next stands within `<>` or quotes.
    private struct Protection {
        let isOn: Bool
        private var isQuoted = false
        private var isAddress = false
        private var isEscaped = false

        init(isOn: Bool) {
            self.isOn = isOn
        }

        var holds: Bool { isQuoted || isAddress }

        mutating func pass(_ byte: UInt8) {
            guard isOn else { return }
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if !isQuoted, byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">") {
                isAddress = byte == UInt8(ascii: "<")
            }
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// An encoded word at the front that white space, a parenthesis or the end follows (§5).
    private static func word(_ bytes: ArraySlice<UInt8>) -> (text: [UInt8], length: Int)? {
        guard bytes.starts(with: "=?".utf8) else { return nil }
        let word = bytes.prefix(limit).prefix { !isSpace($0) && $0 != UInt8(ascii: ")") }
        let fields = word.split(separator: UInt8(ascii: "?"), maxSplits: 4, omittingEmptySubsequences: false)
        guard fields.count == 5, fields[4].elementsEqual("=".utf8), word.count < limit,
            ["utf-8", "us-ascii"].contains(String(decoding: fields[1], as: UTF8.self).lowercased())
        else { return nil }
        switch String(decoding: fields[2], as: UTF8.self).lowercased() {
        case "b": return Data(base64Encoded: Data(fields[3])).map { ([UInt8]($0), word.count) }
        case "q": return (QuotedPrintable.decoded(fields[3], isWord: true), word.count)
        default: return nil
        }
    }
}
