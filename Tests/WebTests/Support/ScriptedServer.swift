import Foundation
import Synchronization

/// An HTTP server that answers as a test says, byte for byte: a thread a connection, blocking sockets.
final class ScriptedServer: Sendable {
    struct Call: Sendable {
        /// From 0, in the order of acceptance.
        let connection: Int
        let path: String
        let key: String?
        let traceparent: String?
        let body: String
    }

    enum Reply: Sendable {
        /// Sent as it is; the connection stays open.
        case bytes(String)
        /// Sent as it is; then the connection is closed.
        case last(String)
        case cut
        /// No answer, for as long as the client waits.
        case silence

        /// A whole answer with a JSON body.
        static func json(_ status: Int, _ body: String, _ headers: String = "") -> Reply {
            .bytes(ScriptedServer.answer(status, body, headers))
        }
    }

    private struct State {
        var calls: [Call] = []
        var connections = 0
        var open: Set<Int32> = []
        var busy = 0
        var mostBusy = 0
    }

    let port: Int
    private let listener: Int32
    private let reply: @Sendable (Call) -> Reply
    private let state = Mutex(State())

    init(reply: @escaping @Sendable (Call) -> Reply) throws {
        self.reply = reply
        (listener, port) = try Sockets.listen()
        Thread { [self] in accept() }.start()
    }

    static func answer(_ status: Int, _ body: String, _ headers: String = "") -> String {
        "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
    }

    var calls: [Call] { state.withLock { $0.calls } }
    var connections: Int { state.withLock { $0.connections } }
    /// Most calls under way at a time.
    var mostBusy: Int { state.withLock { $0.mostBusy } }

    /// Cuts every connection that is open.
    func cutAll() {
        state.withLock { state in
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// Listens no more, and cuts what is open.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        cutAll()
    }

    private func accept() {
        while true {
            let descriptor = Foundation.accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            let number = state.withLock { state in
                state.connections += 1
                state.open.insert(descriptor)
                return state.connections - 1
            }
            Thread { [self] in serve(descriptor, number) }.start()
        }
        close(listener)
    }

    private func serve(_ descriptor: Int32, _ number: Int) {
        defer {
            state.withLock { _ = $0.open.remove(descriptor) }
            close(descriptor)
        }
        var buffer: [UInt8] = []
        while let call = try? read(descriptor, &buffer, number) {
            state.withLock { state in
                state.calls.append(call)
                state.busy += 1
                state.mostBusy = max(state.mostBusy, state.busy)
            }
            let reply = reply(call)
            state.withLock { $0.busy -= 1 }
            switch reply {
            case .bytes(let text):
                guard (try? Sockets.write(text.utf8, to: descriptor)) != nil else { return }
            case .last(let text):
                try? Sockets.write(text.utf8, to: descriptor)  // the client may be gone
                return
            case .cut:
                return
            case .silence:
                _ = try? Sockets.read(descriptor)  // until the client closes
                return
            }
        }
    }

    private func read(_ descriptor: Int32, _ buffer: inout [UInt8], _ number: Int) throws -> Call? {
        let separator = Data("\r\n\r\n".utf8)
        while true {
            if let end = Data(buffer).range(of: separator) {
                let lines = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
                func header(_ name: String) -> String? {
                    lines.first { $0.lowercased().hasPrefix(name + ":") }.map {
                        $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
                    }
                }
                let length = Int(header("content-length") ?? "0") ?? 0
                if buffer.count >= end.upperBound + length {
                    let body = String(decoding: buffer[end.upperBound..<end.upperBound + length], as: UTF8.self)
                    buffer.removeFirst(end.upperBound + length)
                    let path = lines[0].split(separator: " ").dropFirst().first.map(String.init) ?? ""
                    return Call(
                        connection: number, path: path, key: header("idempotency-key"),
                        traceparent: header("traceparent"), body: body)
                }
            }
            let more = try Sockets.read(descriptor)
            guard !more.isEmpty else { return nil }
            buffer += more
        }
    }
}
