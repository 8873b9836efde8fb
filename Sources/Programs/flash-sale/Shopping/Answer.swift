import NIOCore

/// An HTTP/1.1 response as far as a shopper reads it.
struct Answer: Equatable, Sendable {
    var status: Int
    /// Seconds of `Retry-After`, where it is a number.
    var retryAfterSeconds: Int?
    var body: [UInt8]

    /// The body as text, for a sample in the report.
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// Bytes that are no answer to us.
struct AnswerError: Error, Equatable, CustomStringConvertible {
    var description: String
}

/// Collects the bytes of one response (RFC 9112): status line, headers, a body by Content-Length or up to the close.
///
/// - Why not a general HTTP parser: this one runs once a shopper and costs about a microsecond; what it does not know
///   (chunked bodies, interim responses) is an error that is reported, not skipped.
struct AnswerReader {
    static let maximumHeadBytes = 16 * 1024
    static let maximumBodyBytes = 8 * 1024 * 1024

    private var collected = ByteBuffer()
    private var head: (status: Int, retryAfterSeconds: Int?, bodyStart: Int, bodyLength: Int?)?

    /// - Returns: the answer, once it is whole.
    mutating func read(_ bytes: ByteBuffer) throws(AnswerError) -> Answer? {
        if collected.readableBytes == 0 {
            collected = bytes
        } else {
            collected.writeImmutableBuffer(bytes)
        }
        if head == nil, !(try readHead()) { return nil }
        guard let head else { return nil }
        if let length = head.bodyLength {
            return collected.readableBytes >= head.bodyStart + length ? answer(head, bodyLength: length) : nil
        }
        guard collected.readableBytes - head.bodyStart <= Self.maximumBodyBytes else {
            throw AnswerError(description: "answer longer than \(Self.maximumBodyBytes) bytes")
        }
        return nil
    }

    /// The connection closed.
    /// - Returns: the answer, where the close is its end; nil where it was cut off.
    mutating func close() -> Answer? {
        guard let head, head.bodyLength == nil else { return nil }
        return answer(head, bodyLength: collected.readableBytes - head.bodyStart)
    }

    private func answer(
        _ head: (status: Int, retryAfterSeconds: Int?, bodyStart: Int, bodyLength: Int?), bodyLength: Int
    ) -> Answer {
        Answer(
            status: head.status, retryAfterSeconds: head.retryAfterSeconds,
            body: Array(collected.readableBytesView.dropFirst(head.bodyStart).prefix(bodyLength)))
    }

    private mutating func readHead() throws(AnswerError) -> Bool {
        let view = collected.readableBytesView
        guard let end = Self.endOfHead(view) else {
            guard view.count <= Self.maximumHeadBytes else {
                throw AnswerError(description: "answer head longer than \(Self.maximumHeadBytes) bytes")
            }
            return false
        }
        // The last CRLF of the head ends its last line; the one after it ends the head.
        let lines = view[view.startIndex..<end - 2].split(separator: 10, omittingEmptySubsequences: false)
            .map { $0.last == 13 ? $0.dropLast() : $0 }
        guard let statusLine = lines.first, let status = Self.status(of: statusLine) else {
            throw AnswerError(description: "no HTTP/1.1 status line")
        }
        guard status >= 200 else { throw AnswerError(description: "interim response \(status)") }
        var length: Int?
        var retryAfter: Int?
        for line in lines.dropFirst() {
            if let value = Self.value(of: "content-length", in: line) {
                guard let number = Int(value), (0...Self.maximumBodyBytes).contains(number) else {
                    throw AnswerError(description: "Content-Length '\(value)'")
                }
                length = number
            } else if let value = Self.value(of: "retry-after", in: line) {
                retryAfter = Int(value)
            } else if Self.value(of: "transfer-encoding", in: line) != nil {
                throw AnswerError(description: "an answer with Transfer-Encoding")
            }
        }
        head = (status, retryAfter, end - view.startIndex, status == 204 || status == 304 ? 0 : length)
        return true
    }

    private static func endOfHead(_ view: ByteBufferView) -> Int? {
        var matched = 0
        for (index, byte) in zip(view.indices, view) {
            if byte == 10 {
                if matched == 3 { return index + 1 }
                matched = matched == 1 ? 2 : 0
            } else if byte == 13 {
                matched = matched == 2 ? 3 : 1
            } else {
                matched = 0
            }
        }
        return nil
    }

    private static func status(of line: ByteBufferView.SubSequence) -> Int? {
        let text = String(decoding: line.prefix(13), as: UTF8.self)
        guard text.hasPrefix("HTTP/1."), text.utf8.count >= 12 else { return nil }
        return Int(text.dropFirst(9).prefix(3))
    }

    /// The value of a header named in lower case, without surrounding blanks.
    private static func value(of name: StaticString, in line: ByteBufferView.SubSequence) -> String? {
        let length = name.utf8CodeUnitCount
        guard line.count > length, line[line.startIndex + length] == UInt8(ascii: ":") else { return nil }
        for (index, byte) in line.prefix(length).enumerated() {
            guard byte | 0x20 == name.utf8Start[index] || byte == name.utf8Start[index] else { return nil }
        }
        let value = line.dropFirst(length + 1).drop { $0 == 32 || $0 == 9 }
        return String(decoding: value.reversed().drop { $0 == 32 || $0 == 9 }.reversed(), as: UTF8.self)
    }
}
