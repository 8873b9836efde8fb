import Foundation

/// A keep-alive HTTP/1.1 client on one blocking socket: sends bytes as given and reads one answer.
final class LoopbackClient {
    struct Answer: Equatable {
        let status: Int
        let headers: [String: String]
        let body: Data

        subscript(_ path: String...) -> String? { jsonValue(body, path) }
    }

    /// The connection was closed before an answer was whole.
    struct Cut: Error {}

    private let descriptor: Int32
    private var buffer = Data()

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .ECONNREFUSED) }
    }

    deinit { close(descriptor) }

    func call(
        _ method: String, _ path: String, key: String? = nil, token: String? = nil, body: Data? = nil
    ) throws -> Answer {
        try send(method, path, key: key, token: token, body: body)
        return try receive()
    }

    func send(
        _ method: String, _ path: String, key: String? = nil, token: String? = nil, body: Data? = nil
    ) throws {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        if let key { head += "Idempotency-Key: \(key)\r\n" }
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
        try sendRaw(Data((head + "\r\n").utf8) + (body ?? Data()))
    }

    func sendRaw(_ bytes: Data) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw Cut() }
            rest = rest.dropFirst(sent)
        }
    }

    func receive() throws -> Answer {
        let separator = Data("\r\n\r\n".utf8)
        while buffer.range(of: separator) == nil { try readMore() }
        guard let end = buffer.range(of: separator) else { throw Cut() }
        let lines = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        let length = Int(headers["content-length"] ?? "0") ?? 0
        buffer = Data(buffer[end.upperBound...])
        while buffer.count < length { try readMore() }
        defer { buffer = Data(buffer.dropFirst(length)) }
        let status = lines[0].split(separator: " ")
        return Answer(status: Int(status[1]) ?? 0, headers: headers, body: Data(buffer.prefix(length)))
    }

    private func readMore() throws {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { throw Cut() }
        buffer.append(contentsOf: chunk[..<count])
    }
}
