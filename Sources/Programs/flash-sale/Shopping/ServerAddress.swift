import Foundation

/// Where a server listens.
struct ServerAddress: Sendable {
    private var storage: sockaddr_storage
    private let length: socklen_t

    /// Looks up a name; an address is taken as it is. Blocks.
    ///
    /// - Throws: `WorkerError` if there is no such host.
    init(host: String, port: Int) throws {
        var hints = addrinfo()
        #if os(Linux)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard code == 0, let found = list?.pointee, let address = found.ai_addr else {
            throw WorkerError(description: "there is no host \(host): \(String(cString: gai_strerror(code)))")
        }
        storage = sockaddr_storage()
        length = found.ai_addrlen
        memcpy(&storage, address, min(Int(length), MemoryLayout<sockaddr_storage>.size))
    }

    /// Whether the text is an address, which no name server knows better.
    static func isNumeric(_ host: String) -> Bool {
        var bytes = in6_addr()
        return inet_pton(AF_INET, host, &bytes) == 1 || inet_pton(AF_INET6, host, &bytes) == 1
    }

    var family: Int32 { Int32(storage.ss_family) }

    func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}
