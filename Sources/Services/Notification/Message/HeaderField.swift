/// A header field that is right whatever its value holds.
///
/// *Guarantee*: no value can begin another field: control characters, line breaks included, become spaces, and what is not
/// ASCII is encoded. *If broken*: text from outside adds a `Bcc` or a body of its own.
enum HeaderField {
    /// RFC 2047 §2: characters an encoded word.
    private static let wordLimit = 75
    /// RFC 5322 §2.1.1: a line should have no more characters.
    private static let lineLimit = 78

    static func line(_ name: String, _ value: String) -> String {
        let clean =
            value.unicodeScalars.contains(where: isControl)
            ? String(String.UnicodeScalarView(value.unicodeScalars.map { isControl($0) ? " " : $0 })) : value
        let isPlain =
            clean.utf8.allSatisfy { $0 < 0x80 } && !clean.contains("=?")
            && name.utf8.count + 2 + clean.utf8.count <= lineLimit
        return isPlain ? "\(name): \(clean)\n" : "\(name): \(encoded(clean))\n"
    }

    /// Encoded words (RFC 2047, base64), one a line; no character is split between two.
    private static func encoded(_ text: String) -> String {
        let room = (wordLimit - "=?UTF-8?B??=".utf8.count) / 4 * 3
        var words: [[UInt8]] = [[]]
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if words[words.count - 1].count + bytes.count > room { words.append([]) }
            words[words.count - 1] += bytes
        }
        return words.map { "=?UTF-8?B?\(Base64.encode($0))?=" }.joined(separator: "\n ")
    }

    /// Those that end a line somewhere: C0, DEL, C1, and Unicode's own separators.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
    }
}

/// RFC 4648 §4.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = (0..<3).reduce(UInt32(0)) { $0 << 8 | ($1 < group.count ? UInt32(group[start + $1]) : 0) }
            for position in 0..<4 {
                text.append(
                    position <= group.count ? alphabet[Int(word >> UInt32(18 - 6 * position) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
