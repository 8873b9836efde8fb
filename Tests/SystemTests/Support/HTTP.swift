import Foundation

/// One HTTP/1.1 exchange with 127.0.0.1, on a connection of its own.
enum HTTP {
    struct Answer: Sendable {
        let status: Int
        /// Status line and headers.
        let head: String
        let body: Data

        var text: String { head + "\r\n\r\n" + String(decoding: body, as: UTF8.self) }

        /// A member of the body's JSON object; nil where there is none.
        func member(_ name: String) -> String? {
            ((try? JSONSerialization.jsonObject(with: body)) as? [String: Any])?[name] as? String
        }
    }

    /// Sends a request and reads to the end of the connection; nil where nobody answers in full.
    ///
    /// - Parameter token: an order's, or the operator's.
    static func send(
        _ method: String, port: Int, _ path: String, key: String? = nil, token: String? = nil, body: String = ""
    ) async -> Answer? {
        let head = """
            \(method) \(path) HTTP/1.1\r
            Host: 127.0.0.1:\(port)\r
            Connection: close\r
            Content-Type: application/json\r
            Content-Length: \(body.utf8.count)\r
            \(key.map { "Idempotency-Key: \($0)\r\n" } ?? "")\(token.map { "Authorization: Bearer \($0)\r\n" } ?? "")\r\n
            """
        return try? await offPool { try exchange(port, Array((head + body).utf8)) }
    }

    private static func exchange(_ port: Int, _ request: [UInt8]) throws -> Answer {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: Int(patience.components.seconds), tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        try connect(descriptor, port)
        var sent = 0
        while sent < request.count {
            let count = request[sent...].withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw POSIXError(.EPIPE) }
            sent += count
        }
        var answer = Data()
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count >= 0 else { throw POSIXError(.ETIMEDOUT) }
            if count == 0 { return try parse(answer) }
            answer += buffer[..<count]
        }
    }

    private static func connect(_ descriptor: Int32, _ port: Int) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw POSIXError(.ECONNREFUSED) }
    }

    private static func parse(_ answer: Data) throws -> Answer {
        guard let end = answer.range(of: Data("\r\n\r\n".utf8)),
            case let head = String(decoding: answer[..<end.lowerBound], as: UTF8.self),
            let line = head.split(separator: "\r\n").first,
            let status = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { throw POSIXError(.EBADMSG) }
        return Answer(status: status, head: head, body: Data(answer[end.upperBound...]))
    }
}
