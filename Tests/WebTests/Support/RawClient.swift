import Foundation
import Testing

/// A keep-alive HTTP/1.1 client on one blocking socket: sends bytes as given, reads one answer at a time.
final class RawClient: @unchecked Sendable {
    struct Answer: Sendable {
        let status: Int
        let headers: [String: String]
        let body: [UInt8]

        /// The body as a JSON object.
        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
        }

        subscript(path: String...) -> String? {
            var value: Any? = json
            for key in path { value = (value as? [String: Any])?[key] }
            return (value as? String) ?? (value as? NSNumber).map { "\($0)" }
        }
    }

    /// The connection ended before an answer was whole.
    struct Cut: Error {}

    let descriptor: Int32
    private var buffer: [UInt8] = []

    /// - Parameter address: of loopback, that the server sees.
    init(_ port: Int, from address: String? = nil) throws { descriptor = try Sockets.connect(port, from: address) }

    deinit { close(descriptor) }

    func call(
        _ method: String, _ path: String, _ headers: [String] = [], body: [UInt8]? = nil
    ) throws -> Answer {
        try send(method, path, headers, body: body)
        return try receive()
    }

    func send(_ method: String, _ path: String, _ headers: [String] = [], body: [UInt8]? = nil) throws {
        var lines = ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1"] + headers
        if let body { lines.append("Content-Length: \(body.count)") }
        try write(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (body ?? []))
    }

    func write(_ bytes: [UInt8]) throws { try Sockets.write(bytes, to: descriptor) }

    func write(_ text: String) throws { try write(Array(text.utf8)) }

    /// - Parameter method: of the request; the answer to a HEAD has no body.
    func receive(of method: String = "GET") throws -> Answer {
        var end = headEnd()
        while end == nil {
            try readMore()
            end = headEnd()
        }
        guard let end else { throw Cut() }
        let lines = String(decoding: buffer[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        buffer.removeFirst(end + 4)
        let length = method == "HEAD" ? 0 : Int(headers["content-length"] ?? "0") ?? 0
        while buffer.count < length { try readMore() }
        defer { buffer.removeFirst(length) }
        let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return Answer(status: status ?? 0, headers: headers, body: Array(buffer[..<length]))
    }

    /// Everything up to and with `mark`, as text.
    func readText(until mark: String) throws -> String {
        while !String(decoding: buffer, as: UTF8.self).contains(mark) { try readMore() }
        return String(decoding: buffer, as: UTF8.self)
    }

    /// Nothing more is sent; answers can still come.
    func finishWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closing is told to the peer as a reset (socket(7), SO_LINGER of 0).
    func resetOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    }

    private func headEnd() -> Int? {
        guard buffer.count >= 4 else { return nil }
        return (0...buffer.count - 4).first { buffer[$0..<$0 + 4].elementsEqual([13, 10, 13, 10]) }
    }

    /// Until so many bytes are here that no answer was made of yet.
    func readUp(to bytes: Int) throws {
        while buffer.count < bytes { try readMore() }
    }

    private func readMore() throws {
        let more = try Sockets.read(descriptor)
        guard !more.isEmpty else { throw Cut() }
        buffer += more
    }
}

/// The shape that every refusal has, RFC 9457.
func expectProblem(
    _ answer: RawClient.Answer, _ status: Int, _ type: String, field: String? = nil, _ what: Comment? = nil,
    at location: SourceLocation = #_sourceLocation
) {
    #expect(answer.status == status, what, sourceLocation: location)
    #expect(answer.headers["content-type"] == "application/problem+json", what, sourceLocation: location)
    #expect(answer["type"] == "urn:stampede:problem:\(type)", what, sourceLocation: location)
    #expect(answer["status"] == String(status), what, sourceLocation: location)
    #expect(answer["field"] == field, what, sourceLocation: location)
    #expect(answer["title"]?.isEmpty == false, what, sourceLocation: location)
    #expect(answer["detail"]?.isEmpty == false, what, sourceLocation: location)
    #expect(
        Set(answer.json.keys).subtracting(["type", "title", "status", "detail", "field"]).isEmpty, what,
        sourceLocation: location)
}
