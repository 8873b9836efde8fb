import Foundation
import Synchronization

/// Blocking loopback sockets, for clients and servers that speak byte for byte what a test says.
enum Sockets {
    struct Failed: Error {
        let operation: String
        let errno: Int32
    }

    static func listen() throws -> (descriptor: Int32, port: Int) {
        let descriptor = try make()
        var address = loopback(0)
        try check("bind", withAddress(&address) { bind(descriptor, $0, $1) })
        try check("listen", Foundation.listen(descriptor, 512))
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try check(
            "getsockname",
            withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
            })
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// A port that nobody listens on now, nor will by chance: each is given out once, and they lie below those that the
    /// system gives to whoever asks for any port.
    static func freePort() throws -> Int {
        while true {
            let port = nextPort.withLock { next in
                next = next < 31_999 ? next + 1 : 20_000
                return next
            }
            let descriptor = try make()
            defer { close(descriptor) }
            var address = loopback(port)
            if withAddress(&address, { bind(descriptor, $0, $1) }) == 0 { return port }
        }
    }

    private static let nextPort = Mutex(Int.random(in: 20_000..<32_000))

    static func connect(_ port: Int, from source: String? = nil) throws -> Int32 {
        let descriptor = try make()
        if let source {
            var address = loopback(0)
            address.sin_addr.s_addr = inet_addr(source)
            try check("bind", withAddress(&address) { bind(descriptor, $0, $1) })
        }
        var timeout = timeval(tv_sec: 240, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = loopback(port)
        do {
            try check("connect", withAddress(&address) { Foundation.connect(descriptor, $0, $1) })
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    static func write(_ bytes: some Sequence<UInt8>, to descriptor: Int32) throws {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { throw Failed(operation: "send", errno: errno) }
            rest = rest.dropFirst(sent)
        }
    }

    /// Empty at the end of the stream.
    static func read(_ descriptor: Int32) throws -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count >= 0 else { throw Failed(operation: "recv", errno: errno) }
        return Array(chunk[..<count])
    }

    private static func make() throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try check("socket", descriptor)
        return descriptor
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }

    private static func withAddress(
        _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    private static func check(_ operation: String, _ result: Int32) throws {
        guard result >= 0 else { throw Failed(operation: operation, errno: errno) }
    }
}
