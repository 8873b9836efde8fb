import Contracts
import Foundation

/// A message as a mail reader would show it: headers, and the text of its parts.
struct MailMessage {
    struct Header: Equatable {
        let name: String
        let value: String
    }

    let headers: [Header]
    /// Decoded text of the plain part; of the whole body where there are no parts.
    let text: String?
    let html: String?

    /// - Parameter stored: a "From " line, then a message quoted as `mboxrd` does.
    init(stored: [UInt8]) {
        let message = Self.unquoted(stored.drop { $0 != UInt8(ascii: "\n") }.dropFirst())
        let (head, body) = Self.split(message)
        headers = Self.headers(head)
        let parts = MIMEPart(headers: headers, body: body).leaves()
        text = (parts.first { $0.type == "text/plain" } ?? parts.first { $0.type != "text/html" })?.text
        html = parts.first { $0.type == "text/html" }?.text
    }

    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    var order: OrderID? { header("X-Stampede-Order").flatMap { OrderID($0.trimmingCharacters(in: .whitespaces)) } }

    // MARK: - Form

    /// Takes one ">" off each line that is "From " behind one or more of them, and the empty line off the end.
    private static func unquoted(_ stored: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(stored.count)
        for line in stored.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let rest = line.drop { $0 == UInt8(ascii: ">") }
            output += rest.count < line.count && rest.starts(with: "From ".utf8) ? line.dropFirst() : line
            output.append(UInt8(ascii: "\n"))
        }
        output.removeLast(min(output.count, 2))
        return output
    }

    /// At the first empty line.
    static func split(_ message: [UInt8]) -> (head: ArraySlice<UInt8>, body: ArraySlice<UInt8>) {
        var lineStart = 0
        for (index, byte) in message.enumerated() where byte == UInt8(ascii: "\n") {
            let line = message[lineStart..<index]
            if line.isEmpty || line.elementsEqual([UInt8(ascii: "\r")]) {
                return (message[..<lineStart], message[(index + 1)...])
            }
            lineStart = index + 1
        }
        return (message[...], [])
    }

    /// Unfolded (RFC 5322 §2.2.3), encoded words decoded.
    static func headers(_ head: ArraySlice<UInt8>) -> [Header] {
        var lines: [String] = []
        for line in String(decoding: head, as: UTF8.self).split(whereSeparator: \.isNewline) {
            if let first = line.first, first == " " || first == "\t", !lines.isEmpty {
                lines[lines.count - 1] += line
            } else {
                lines.append(String(line))
            }
        }
        return lines.compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            return Header(name: String(line[..<colon]), value: EncodedWord.decoded(value))
        }
    }
}
