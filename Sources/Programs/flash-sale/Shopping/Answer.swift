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

    private struct Head {
        let status: Int
        let retryAfterSeconds: Int?
        let bodyStart: Int
        let bodyLength: Int?
    }

    private var collected: [UInt8] = []
    private var head: Head?

    /// - Returns: the answer, once it is whole.
    mutating func read(_ bytes: UnsafeRawBufferPointer) throws(AnswerError) -> Answer? {
        collected.append(contentsOf: bytes)
        if head == nil { head = try Self.head(of: collected) }
        guard let head else {
            guard collected.count <= Self.maximumHeadBytes else {
                throw AnswerError(description: "answer head longer than \(Self.maximumHeadBytes) bytes")
            }
            return nil
        }
        if let length = head.bodyLength {
            return collected.count >= head.bodyStart + length ? answer(head, bodyLength: length) : nil
        }
        guard collected.count - head.bodyStart <= Self.maximumBodyBytes else {
            throw AnswerError(description: "answer longer than \(Self.maximumBodyBytes) bytes")
        }
        return nil
    }

    /// The connection closed.
    /// - Returns: the answer, where the close is its end; nil where it was cut off.
    func close() -> Answer? {
        guard let head, head.bodyLength == nil else { return nil }
        return answer(head, bodyLength: collected.count - head.bodyStart)
    }

    private func answer(_ head: Head, bodyLength: Int) -> Answer {
        Answer(
            status: head.status, retryAfterSeconds: head.retryAfterSeconds,
            body: Array(collected[head.bodyStart..<head.bodyStart + bodyLength]))
    }

    /// Nil while the head is not whole.
    private static func head(of bytes: [UInt8]) throws(AnswerError) -> Head? {
        var status: Int?
        var length: Int?
        var retryAfter: Int?
        var start = 0
        while let end = bytes[start...].firstIndex(of: 10) {
            var line = bytes[start..<end]
            if line.last == 13 { line = line.dropLast() }
            start = end + 1
            guard let status else {
                guard let read = Self.status(of: line) else {
                    throw AnswerError(description: "no HTTP/1.1 status line")
                }
                guard read >= 200 else { throw AnswerError(description: "interim response \(read)") }
                status = read
                continue
            }
            if line.isEmpty {
                return Head(
                    status: status, retryAfterSeconds: retryAfter, bodyStart: start,
                    bodyLength: status == 204 || status == 304 ? 0 : length)
            }
            if let value = value(of: "content-length", in: line) {
                guard let number = Int(value), (0...maximumBodyBytes).contains(number) else {
                    throw AnswerError(description: "Content-Length '\(value)'")
                }
                length = number
            } else if let value = value(of: "retry-after", in: line) {
                retryAfter = Int(value)
            } else if value(of: "transfer-encoding", in: line) != nil {
                throw AnswerError(description: "an answer with Transfer-Encoding")
            }
        }
        return nil
    }

    private static func status(of line: ArraySlice<UInt8>) -> Int? {
        guard line.count >= 12, line.starts(with: "HTTP/1.".utf8) else { return nil }
        return Int(String(decoding: line.dropFirst(9).prefix(3), as: UTF8.self))
    }

    /// The value of a header named in lower case, without surrounding blanks.
    private static func value(of name: StaticString, in line: ArraySlice<UInt8>) -> String? {
        let length = name.utf8CodeUnitCount
        guard line.count > length, line[line.startIndex + length] == UInt8(ascii: ":") else { return nil }
        for (index, byte) in line.prefix(length).enumerated() {
            guard byte | 0x20 == name.utf8Start[index] || byte == name.utf8Start[index] else { return nil }
        }
        let isBlank: (UInt8) -> Bool = { $0 == 32 || $0 == 9 }
        let value = line.dropFirst(length + 1).drop(while: isBlank)
        return String(decoding: value.reversed().drop(while: isBlank).reversed(), as: UTF8.self)
    }
}
