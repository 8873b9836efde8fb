import CProcessIO
import Foundation

/// Waits for many sockets at once: epoll on Linux, poll(2) elsewhere.
final class Poller {
    enum Interest {
        case reading
        case readingAndWriting
    }

    /// Sockets reported by one wait, at most.
    private static let maximumEvents = 1024

    #if os(Linux)
        private let descriptor: Int32
        private var events = [epoll_event](repeating: epoll_event(), count: maximumEvents)
    #else
        private var watched: [Int32: Interest] = [:]
    #endif

    /// - Throws: `SocketError`.
    init() throws(SocketError) {
        #if os(Linux)
            descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
            guard descriptor >= 0 else { throw SocketError("epoll_create1") }
        #endif
    }

    deinit {
        #if os(Linux)
            close(descriptor)
        #endif
    }

    /// - Parameter isNew: whether the socket is not watched yet.
    func watch(_ socket: Int32, for interest: Interest, isNew: Bool) throws(SocketError) {
        #if os(Linux)
            var event = epoll_event()
            event.events = EPOLLIN.rawValue | (interest == .readingAndWriting ? EPOLLOUT.rawValue : 0)
            event.data.fd = socket
            guard epoll_ctl(descriptor, isNew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event) == 0 else {
                throw SocketError("epoll_ctl")
            }
        #else
            watched[socket] = interest
        #endif
    }

    /// To be called before the socket is closed.
    func forget(_ socket: Int32) {
        #if !os(Linux)
            watched[socket] = nil
        #endif
        // epoll forgets a closed socket by itself.
    }

    /// Returns when a socket is ready, or the time is over.
    func wait(milliseconds: Int32, _ body: (_ socket: Int32) throws -> Void) rethrows {
        #if os(Linux)
            let count = epoll_wait(descriptor, &events, Int32(Self.maximumEvents), milliseconds)
            // Below 0 a signal interrupted the wait.
            for index in 0..<max(0, Int(count)) { try body(events[index].data.fd) }
        #else
            var list = watched.map { socket, interest in
                pollfd(fd: socket, events: Int16(POLLIN | (interest == .readingAndWriting ? POLLOUT : 0)), revents: 0)
            }
            guard poll(&list, nfds_t(list.count), milliseconds) > 0 else { return }
            for entry in list where entry.revents != 0 { try body(entry.fd) }
        #endif
    }
}

/// A call on a socket failed.
struct SocketError: Error, CustomStringConvertible {
    let operation: String
    let code: Int32

    init(_ operation: String, code: Int32 = errno) {
        self.operation = operation
        self.code = code
    }

    var description: String { "\(operation): \(String(cString: strerror(code))) (errno \(code))" }
}
