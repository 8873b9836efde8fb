/// One text of a message with the transfer encoding that carries it unharmed (RFC 2045 §6).
struct BodyPart {
    let contentType: String
    private let isPlain: Bool
    let content: String

    /// RFC 5322 §2.1.1: bytes a line, the line break not counted.
    private static let lineLimit = 998
    /// RFC 2045 §6.7 (5): characters a quoted-printable line.
    private static let quotedLimit = 76

    /// - Parameter text: lines that end in "\n".
    init(contentType: String, text: String) {
        self.contentType = contentType
        isPlain = Self.isPlain(text)
        content = isPlain ? text : Self.quotedPrintable(text)
    }

    var head: String {
        "Content-Type: \(contentType); charset=\(isPlain ? "us-ascii" : "utf-8")\n"
            + "Content-Transfer-Encoding: \(isPlain ? "7bit" : "quoted-printable")\n"
    }

    func hasLine(beginningWith prefix: String) -> Bool {
        content.utf8.split(separator: UInt8(ascii: "\n")).contains { $0.starts(with: prefix.utf8) }
    }

    /// ASCII in lines that no program on the way would touch: short enough, none that begins with "From ".
    private static func isPlain(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var column = 0
            for (index, byte) in bytes.enumerated() {
                if byte == UInt8(ascii: "\n") {
                    column = 0
                    continue
                }
                guard byte >= 0x20 || byte == UInt8(ascii: "\t"), byte < 0x7F, column < lineLimit else { return false }
                if column == 4, byte == 0x20, bytes[index - 4..<index].elementsEqual("From".utf8) { return false }
                column += 1
            }
            return true
        }
    }

    private static func quotedPrintable(_ text: String) -> String {
        var output: [UInt8] = []
        var column = 0
        var line: [UInt8] = []
        func put(_ token: [UInt8]) {
            if column + token.count > quotedLimit - 1 {
                output += "=\n".utf8
                column = 0
            }
            output += token
            column += token.count
        }
        func endLine() {
            for (index, byte) in line.enumerated() {
                put(isLiteral(byte, at: index, of: line) ? [byte] : quoted(byte))
            }
            line = []
        }
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\n") {
                endLine()
                output.append(byte)
                column = 0
            } else {
                line.append(byte)
            }
        }
        endLine()
        return String(decoding: output, as: UTF8.self)
    }

    private static func isLiteral(_ byte: UInt8, at index: Int, of line: [UInt8]) -> Bool {
        switch byte {
        case UInt8(ascii: "="): false
        case UInt8(ascii: "F"): !(index == 0 && line.starts(with: "From ".utf8))
        case 0x21...0x7E: true
        case 0x20, 0x09: index < line.count - 1
        default: false
        }
    }

    private static func quoted(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
}
