import Foundation
import Synchronization

/// The address of a server by name, looked up again after a connect that failed: a container that comes back may have
/// another one.
final class ServerDirectory {
    /// The address of a host, by name or address. Blocks.
    typealias Find = @Sendable (_ host: String, _ port: Int) throws -> ServerAddress

    private final class Lookup: Sendable {
        let found = Mutex<ServerAddress?>(nil)
        let isUnderWay = Mutex(false)
    }

    private let host: String
    private let port: Int
    private let find: Find
    private let lookup = Lookup()
    private(set) var server: ServerAddress

    /// - Throws: if there is no such host.
    init(host: String, port: Int, find: @escaping Find) throws {
        self.host = host
        self.port = port
        self.find = find
        server = try find(host, port)
    }

    /// Begins to look the name up again, on a thread of its own: a name server may take its time.
    func lookAgain() {
        guard !ServerAddress.isNumeric(host) else { return }
        let begins = lookup.isUnderWay.withLock { isUnderWay in
            defer { isUnderWay = true }
            return !isUnderWay
        }
        guard begins else { return }
        Thread.detachNewThread { [host, port, find, lookup] in
            // A name that nobody has for the moment is looked up again after the next failure.
            if let address = try? find(host, port) { lookup.found.withLock { $0 = address } }
            lookup.isUnderWay.withLock { $0 = false }
        }
    }

    /// Uses what was found since the last call.
    func takeFound() {
        let found = lookup.found.withLock { found in
            defer { found = nil }
            return found
        }
        if let found { server = found }
    }
}
