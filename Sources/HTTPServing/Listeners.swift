import Foundation
import NIOCore
import NIOPosix

/// The sockets that one server listens on, all on one address and one event loop.
///
/// *Guarantee*: connections that arrive faster than they are accepted wait in the kernel, up to `backlog` per socket.
/// *Why several*: Linux limits one listen queue to net.core.somaxconn places, 4,096 by default. If the queue is full, the
/// kernel drops the connection attempt, and the client's TCP retries after 1, 3 and 7 seconds. *If broken*: the latency of a
/// sale of 50,000 is that of TCP retransmissions, while the service is idle.
struct Listeners {
    private static let backlog: Int32 = 4096

    private let channels: [any Channel]
    let port: Int

    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - burst: connections accepted on a socket before the loop turns to another.
    /// - Throws: `ListenError` if the address cannot be listened on.
    static func open(
        host: String, port: Int, count: Int, burst: Int, on eventLoop: any EventLoop, room: AcceptRoom,
        setup: ConnectionSetup
    ) async throws -> Listeners {
        let address = try SocketAddress.makeAddressResolvingHost(host, port: port)
        var channels: [any Channel] = []
        do {
            let first = try socket(on: address, isFirst: true)
            let bound = try SocketAddress.makeAddressResolvingHost(host, port: self.port(of: first))
            channels.append(try await channel(first, burst, eventLoop, room, setup))
            for _ in 1..<max(1, count) {
                channels.append(try await channel(try socket(on: bound, isFirst: false), burst, eventLoop, room, setup))
            }
            return Listeners(channels: channels, port: bound.port ?? port)
        } catch {
            for channel in channels { try? await channel.close() }
            throw error
        }
    }

    /// Takes no more connections.
    func close() async {
        for channel in channels { try? await channel.close() }  // an error says that it is closed
    }

    // MARK: - Sockets

    /// A socket that is bound.
    ///
    /// The first one is bound alone, and shares its port only then: a port on which another process listens is refused,
    /// although SO_REUSEPORT would let two programs of one user share it.
    private static func socket(on address: SocketAddress, isFirst: Bool) throws -> NIOBSDSocket.Handle {
        #if os(Linux)
            let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        let socket = Foundation.socket(Int32(address.protocol.rawValue), kind, 0)
        guard socket >= 0 else { throw IOError(errnoCode: errno, reason: "socket for \(address)") }
        do {
            try set(SO_REUSEADDR, of: socket, address)
            if !isFirst { try set(SO_REUSEPORT, of: socket, address) }
            let isBound = address.withSockAddr { bind(socket, $0, socklen_t($1)) == 0 }
            guard isBound else { throw ListenError(address: address, code: errno) }
            // Before it listens: then the kernel asks each further socket for the same.
            if isFirst { try set(SO_REUSEPORT, of: socket, address) }
            return socket
        } catch {
            Foundation.close(socket)
            throw error
        }
    }

    private static func set(_ option: Int32, of socket: NIOBSDSocket.Handle, _ address: SocketAddress) throws {
        var isOn: Int32 = 1
        guard setsockopt(socket, SOL_SOCKET, option, &isOn, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
            throw IOError(errnoCode: errno, reason: "an option of a socket for \(address)")
        }
    }

    private static func port(of socket: NIOBSDSocket.Handle) throws -> Int {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isKnown = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) == 0 }
        }
        guard isKnown else { throw IOError(errnoCode: errno, reason: "getsockname") }
        // The port lies at the same place in IPv4's and IPv6's, its high byte first.
        return withUnsafeBytes(of: &storage) { Int($0[2]) << 8 | Int($0[3]) }
    }

    // MARK: - Channels

    private static func channel(
        _ socket: NIOBSDSocket.Handle, _ burst: Int, _ eventLoop: any EventLoop, _ room: AcceptRoom,
        _ setup: ConnectionSetup
    ) async throws -> any Channel {
        let channel = try await ServerBootstrap(group: eventLoop)
            .serverChannelOption(.maxMessagesPerRead, value: UInt(burst))
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptLimit(room))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { setup.setup($0) }
            .withBoundSocket(socket).get()
        // NIO listens with a backlog of 128, whatever the option says; a second call sets another one.
        guard listen(socket, backlog) == 0 else { throw IOError(errnoCode: errno, reason: "listen") }
        return channel
    }
}

/// Counts the connections of one server against its limit.
///
/// Unchecked: confined to the server's event loop.
final class AcceptRoom: @unchecked Sendable {
    /// Connections at a time.
    private let limit: Int
    private var open = 0
    private var waiting: [() -> Void] = []

    init(limit: Int) {
        self.limit = limit
    }

    var isFull: Bool { open >= limit }

    func enter() { open += 1 }

    func leave() {
        open -= 1
        guard !isFull, !waiting.isEmpty else { return }
        let reads = waiting
        waiting = []
        for read in reads { read() }
    }

    /// Calls `read` once there is room.
    func wait(_ read: @escaping () -> Void) { waiting.append(read) }
}

/// Stops accepting while the server is full; new connections wait in the kernel's listen queue.
private final class AcceptLimit: ChannelOutboundHandler {
    typealias OutboundIn = Never

    private let room: AcceptRoom

    init(_ room: AcceptRoom) {
        self.room = room
    }

    func read(context: ChannelHandlerContext) {
        guard room.isFull else { return context.read() }
        room.wait { context.read() }
    }
}

/// An address cannot be listened on.
struct ListenError: Error, CustomStringConvertible {
    let address: SocketAddress
    let code: Int32

    var description: String {
        let place = "\(address.ipAddress ?? "?"):\(address.port ?? 0)"
        let hint =
            code == EADDRINUSE
            ? "; end the program that has the port, or choose others: Scripts/supervisor up --port-base N" : ""
        return "cannot listen on \(place): \(String(cString: strerror(code)))\(hint)"
    }
}
