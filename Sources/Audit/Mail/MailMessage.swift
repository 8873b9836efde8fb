package import Contracts
import Foundation

/// A message as a mail reader shows it: headers, and the text of its parts.
package struct MailMessage {
    package struct Header: Equatable {
        package let name: String
        /// Unfolded, as it was written.
        let stored: String
        /// Unfolded, encoded words decoded.
        package let value: String
    }

    package let headers: [Header]
    /// Decoded text of the plain part; of the whole body if there are no parts.
    package let text: String?
    package let html: String?
    /// Behind the headers, packed.
    let body: ArraySlice<UInt8>
    let parts: [MIMEPart]

    /// - Parameter stored: a "From " line, then a message quoted as `mboxrd` does.
    package init(stored: [UInt8]) {
        self.init(message: Self.unquoted(stored.drop { $0 != UInt8(ascii: "\n") }.dropFirst()))
    }

    /// - Parameter message: RFC 5322.
    init(message: [UInt8]) {
        let (head, body) = Self.split(message)
        headers = Self.headers(head)
        self.body = body
        parts = MIMEPart(headers: headers, body: body).leaves()
        text = (parts.first { $0.type == "text/plain" } ?? parts.first { $0.type != "text/html" })?.text
        html = parts.first { $0.type == "text/html" }?.text
    }

    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    package var order: OrderID? {
        header("X-Stampede-Order").flatMap { OrderID($0.trimmingCharacters(in: .whitespaces)) }
    }

    /// Written to the operator, about no order.
    package var isAlert: Bool { header("X-Stampede-Alert") != nil && header("X-Stampede-Order") == nil }

    // MARK: - Form

    /// Takes one ">" off each line that is "From " behind one or more of them, and the empty line off the end.
    static func unquoted(_ stored: ArraySlice<UInt8>) -> [UInt8] {
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

    /// Header fields whose text may hold encoded words anywhere (RFC 2047 §5).
    private static let unstructured: Set = ["subject", "comments", "content-description"]

    /// Unfolded (RFC 5322 §2.2.3), encoded words decoded.
    static func headers(_ head: ArraySlice<UInt8>) -> [Header] {
        var lines: [String] = []
        for line in head.split(separator: UInt8(ascii: "\n")) {
            let text = String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
            if let first = text.first, first == " " || first == "\t", !lines.isEmpty {
                lines[lines.count - 1] += text
            } else {
                lines.append(text)
            }
        }
        return lines.map { line in
            guard let colon = line.firstIndex(of: ":") else { return Header(name: line, stored: "", value: "") }
            let name = String(line[..<colon])
            let stored = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            let isStructured = !unstructured.contains(name.lowercased())
            return Header(
                name: name, stored: stored, value: EncodedWord.decoded(stored, isStructured: isStructured))
        }
    }
}
