import Foundation

/// One connection of one shopper: sends the request as soon as it is open, reads the response, closes.
struct Connection {
    enum State {
        /// - Parameter until: when it is given up, in monotonic nanoseconds.
        case connecting(until: Int64)
        /// - Parameter rest: the part of the request that is not sent yet.
        case sending(rest: ArraySlice<UInt8>, until: Int64)
        case reading(until: Int64)
    }

    enum Progress {
        case waits(for: Poller.Interest)
        /// Not connected: nothing was sent.
        case failed
        case ended(Ending)
    }

    enum Ending {
        case answered(Answer)
        /// The connection ended, or the time ran out, after the request was sent.
        case lost
        /// Not HTTP as we know it.
        case unreadable(AnswerError)
    }

    let socket: Int32
    let visitor: Int
    private(set) var state: State
    /// What the poller watches the socket for; `nil` before it does.
    var watched: Poller.Interest?
    private let request: [UInt8]
    private var reader = AnswerReader()

    /// Begins to connect, without waiting.
    ///
    /// - Parameter source: the local address to come from; the port is chosen by `connect`.
    /// - Throws: `SocketError`, with no socket left open.
    init(
        visitor: Int, request: [UInt8], to server: ServerAddress, from source: ServerAddress?, until deadline: Int64
    ) throws(SocketError) {
        #if os(Linux)
            let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        let socket = Foundation.socket(server.family, kind, 0)
        guard socket >= 0 else { throw SocketError("socket") }
        #if !os(Linux)
            _ = fcntl(socket, F_SETFL, O_NONBLOCK)
        #endif
        if let source {
            #if os(Linux)
                // ip(7), IP_BIND_ADDRESS_NO_PORT: a port chosen at `bind` must be free for every destination, one chosen at
                // `connect` for this one only.
                var isOn: Int32 = 1
                setsockopt(socket, 0 /* IPPROTO_IP */, 24, &isOn, socklen_t(MemoryLayout<Int32>.size))
            #endif
            guard source.withAddress({ bind(socket, $0, $1) }) == 0 else {
                let error = SocketError("bind")
                close(socket)
                throw error
            }
        }
        guard server.withAddress({ connect(socket, $0, $1) }) == 0 || errno == EINPROGRESS else {
            let error = SocketError("connect")
            close(socket)
            throw error
        }
        self.socket = socket
        self.visitor = visitor
        self.request = request
        state = .connecting(until: deadline)
    }

    var isOpen: Bool {
        if case .connecting = state { false } else { true }
    }

    /// When the shopper gives this connection up.
    var deadline: Int64 {
        switch state {
        case .connecting(let until), .sending(_, let until), .reading(let until): until
        }
    }

    /// Does what can be done without waiting.
    ///
    /// - Parameters:
    ///   - buffer: for what is read.
    ///   - opened: called once, when the connection is open and before the request is sent: returns the time until which the
    ///     response is waited for.
    mutating func goOn(_ buffer: UnsafeMutableRawBufferPointer, opened: () -> Int64) -> Progress {
        if case .connecting = state {
            // On loopback the connection is open when `connect` returns, and sending tells.
            switch send(request[...]) {
            case .sent(let count):
                advance(request[count...], until: opened())
            case .wouldBlock: return .waits(for: .readingAndWriting)
            case .failed: return .failed
            }
        }
        if case .sending(let rest, let until) = state {
            switch send(rest) {
            case .sent(let count): advance(rest.dropFirst(count), until: until)
            case .wouldBlock: break
            // The server may have answered and closed before it read all of it.
            case .failed: advance([], until: until)
            }
            if case .sending = state { return .waits(for: .readingAndWriting) }
            return .waits(for: .reading)
        }
        return read(buffer)
    }

    private mutating func advance(_ rest: ArraySlice<UInt8>, until: Int64) {
        state = rest.isEmpty ? .reading(until: until) : .sending(rest: rest, until: until)
    }

    private enum SendOutcome {
        case sent(Int)
        case wouldBlock
        case failed
    }

    private func send(_ bytes: ArraySlice<UInt8>) -> SendOutcome {
        #if os(Linux)
            let flags = Int32(MSG_NOSIGNAL)
        #else
            let flags: Int32 = 0
        #endif
        let count = bytes.withUnsafeBytes { Foundation.send(socket, $0.baseAddress, $0.count, flags) }
        if count >= 0 { return .sent(count) }
        return [EAGAIN, EWOULDBLOCK, EINTR, ENOTCONN].contains(errno) ? .wouldBlock : .failed
    }

    private mutating func read(_ buffer: UnsafeMutableRawBufferPointer) -> Progress {
        let count = recv(socket, buffer.baseAddress, buffer.count, 0)
        if count < 0 {
            return [EAGAIN, EWOULDBLOCK, EINTR].contains(errno) ? .waits(for: .reading) : .ended(.lost)
        }
        if count == 0 { return .ended(reader.close().map { .answered($0) } ?? .lost) }
        do throws(AnswerError) {
            let answer = try reader.read(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            return answer.map { .ended(.answered($0)) } ?? .waits(for: .reading)
        } catch {
            return .ended(.unreadable(error))
        }
    }
}
