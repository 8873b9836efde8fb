import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import Testing
import TestSupport

@testable import HTTPServing

@Suite("An HTTP connection", .timeLimit(.minutes(5)))
struct HTTPServingTests {
    /// A server that answers with method, path and body.
    private static func echo(_ request: Request, _ channel: any Channel) async -> Response? {
        let body = try? await request.body.collect(upTo: 1024)
        let text = "\(request.method.rawValue) \(request.uri.path) \(body.map { String(buffer: $0) } ?? "?")"
        return Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    private func withEcho(
        connections: Int = 64, _ respond: @escaping HTTPServer.Respond = Self.echo,
        _ body: @escaping @Sendable (_ port: Int) async throws -> Void
    ) async throws {
        try await withServer(
            { port, logger in
                HTTPServer(
                    port: port, limits: HTTPServer.Limits(connections: connections, bodyBytes: 1024), logger: logger,
                    refuse: { _ in Response(status: .contentTooLarge) }, respond: respond)
            }, body)
    }

    @Test(
        "a server that stops, with connections and answers on their way, leaves nothing behind that wants its event loop"
    )
    func stops() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            for round in 0..<400 {
                try await withServer(
                    { port, logger in
                        HTTPServer(
                            port: port, limits: HTTPServer.Limits(connections: 64, bodyBytes: 1024), logger: logger,
                            refuse: { _ in Response(status: .contentTooLarge) },
                            respond: { request, channel in
                                if round % 2 == 0 { try? await Task.sleep(for: .milliseconds(1)) }
                                return await Self.echo(request, channel)
                            })
                    },
                    { port in
                        guard round % 4 > 0 else { return }  // sometimes nobody is there
                        let client = try RawClient(port)
                        try client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        if round % 4 == 3 { _ = try client.receive() }
                    })
            }
        }
        let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(!said.contains("EventLoop"), "\(said)")
    }

    @Test("a port that another program listens on is refused by name, and not shared", arguments: [1, 4])
    func portInUse(listeners: Int) async throws {
        var limits = HTTPServer.Limits(connections: 64, bodyBytes: 1024)
        limits.listeners = listeners
        let shared = limits
        try await withServer(
            { port, logger in
                HTTPServer(
                    port: port, limits: shared, logger: logger, refuse: { _ in Response(status: .contentTooLarge) },
                    respond: Self.echo)
            },
            { port in
                let (listening, signal) = AsyncStream.makeStream(of: Void.self)
                let second = HTTPServer(
                    port: port, limits: shared, logger: Logger(label: "second"),
                    refuse: { _ in Response(status: .contentTooLarge) }, onListening: { _ in signal.yield() },
                    respond: Self.echo)
                // Ends with the refusal, or as soon as it listens beside the first one.
                let refusal = await withTaskGroup(of: (any Error)?.self) { group in
                    group.addTask {
                        do { try await second.run() } catch { return error }
                        return nil
                    }
                    group.addTask {
                        for await _ in listening { break }
                        return nil
                    }
                    defer { group.cancelAll() }
                    return await group.next() ?? nil
                }
                #expect(refusal is ListenError, "it shares the port")
                // More than one socket has at once: each of them answers.
                try await blocking {
                    for number in 0..<64 {
                        let client = try RawClient(port)
                        try client.write("GET /\(number) HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        #expect(try client.receive().status == 200)
                    }
                }
            })
    }

    @Test("a HEAD has the headers of the answer and no body, and the connection goes on")
    func head() async throws {
        try await withEcho { port in
            try await blocking {
                let client = try RawClient(port)
                try client.write(
                    "HEAD /a HTTP/1.1\r\nHost: localhost\r\n\r\n" + "GET /b HTTP/1.1\r\nHost: localhost\r\n\r\n")
                let text = try client.readText(until: "GET /b ")
                #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(text.contains("content-length: 8") || text.contains("Content-Length: 8"))
                #expect(!text.contains("HEAD /a"))
            }
        }
    }

    @Test("requests sent in one go are answered in order")
    func pipelined() async throws {
        try await withEcho { port in
            try await blocking {
                let client = try RawClient(port)
                try client.write((0..<50).map { "GET /\($0) HTTP/1.1\r\nHost: localhost\r\n\r\n" }.joined())
                for number in 0..<50 {
                    #expect(String(decoding: try client.receive().body, as: UTF8.self) == "GET /\(number) ")
                }
            }
        }
    }

    @Test(
        "who wants the connection closed has it closed, behind the answer",
        arguments: ["GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"])
    func closing(request: String) async throws {
        try await withEcho { port in
            try await blocking {
                let client = try RawClient(port)
                try client.write(request)
                let answer = try client.receive()
                #expect(answer.status == 200)
                #expect(answer.headers["connection"] == "close")
                #expect(throws: RawClient.Cut.self) { try client.receive() }
            }
        }
    }

    @Test("a peer that only listens any more gets its answer; one that asked nothing is let go")
    func halfClosed() async throws {
        try await withEcho { port in
            try await blocking {
                let client = try RawClient(port)
                try client.write(["first", "last"].map { "GET /\($0) HTTP/1.1\r\nHost: localhost\r\n\r\n" }.joined())
                client.finishWriting()
                #expect(String(decoding: try client.receive().body, as: UTF8.self) == "GET /first ")
                #expect(String(decoding: try client.receive().body, as: UTF8.self) == "GET /last ")
                #expect(throws: RawClient.Cut.self) { try client.receive() }
                let idle = try RawClient(port)
                idle.finishWriting()
                #expect(throws: RawClient.Cut.self) { try idle.receive() }
            }
        }
    }

    @Test("an answer that is to be lost cuts the connection")
    func lost() async throws {
        try await withEcho({ _, _ in nil }) { port in
            try await blocking {
                let client = try RawClient(port)
                #expect(throws: RawClient.Cut.self) { try client.call("GET", "/") }
            }
        }
    }

    /// Asks, and resets the connection when the request has arrived.
    private func askAndGo(_ port: Int, once begun: Flag) async throws {
        let client = try RawClient(port)
        try client.send("GET", "/")
        try await eventually { begun.isUp }
        client.resetOnClose()
    }

    /// A peer that merely closes looks like one that only listens any more.
    @Test("a request whose peer has gone, and said so by a reset, is cancelled")
    func gone() async throws {
        let (begun, cancelled) = (Flag(), Flag())
        try await withEcho({ _, _ in
            begun.raise()
            await withTaskCancellationHandler {
                let (never, continuation) = AsyncStream<Void>.makeStream()
                for await _ in never {}  // ends when the task is cancelled
                continuation.finish()
            } onCancel: {
                cancelled.raise()
            }
            return nil
        }) { port in
            try await askAndGo(port, once: begun)
            try await eventually { cancelled.isUp }
        }
    }

    @Test("a server that stops lets each answer under way come to its end, also where nobody is left to hear it")
    func stopping() async throws {
        let (begun, cancelled, ended) = (Flag(), Flag(), Flag())
        try await withEcho({ _, _ in
            begun.raise()
            // A commit, say: it cannot be called off, and tells later that it is done.
            await withTaskCancellationHandler {
                await withCheckedContinuation { commit in
                    Thread.detachNewThread {
                        while !cancelled.isUp { Thread.sleep(forTimeInterval: 0.01) }
                        Thread.sleep(forTimeInterval: 0.5)
                        commit.resume()
                    }
                }
            } onCancel: {
                cancelled.raise()
            }
            ended.raise()
            return nil
        }) { port in
            try await askAndGo(port, once: begun)
            try await eventually { cancelled.isUp }
        }
        #expect(ended.isUp)
    }

    @Test(
        "a server that stops lets a client take the answer that it has begun to take, and has no connection left then")
    func stoppingWhileTaken() async throws {
        let size = 32 << 20  // more than sockets keep
        let client = Mutex<Task<Int, any Error>?>(nil)
        try await withEcho({ _, _ in
            Response(
                status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(repeating: UInt8(ascii: "x"), count: size)))
        }) { port in
            let slow = try RawClient(port)
            try slow.send("GET", "/")
            try await blocking { while try !slow.hasAnswer(within: 100) {} }
            let taking = Task {
                try await blocking {
                    while (try? RawClient(port)) != nil {}  // until the server stops
                    return try slow.receive().body.count
                }
            }
            client.withLock { $0 = taking }
        }
        #expect(try await client.withLock { $0 }?.value == size)
    }

    @Test("never more connections at a time than allowed; the next is served when one ends")
    func bounded() async throws {
        let arrived = Mutex(0)
        try await withEcho(
            connections: 4,
            { request, channel in
                arrived.withLock { $0 += 1 }
                return await Self.echo(request, channel)
            }
        ) { port in
            var clients = try (0..<4).map { _ in try RawClient(port) }
            func status(_ client: RawClient) async throws -> Int {
                try await blocking { try client.call("GET", "/").status }
            }
            for client in clients { #expect(try await status(client) == 200) }
            let fifth = try RawClient(port)  // the kernel takes it into the backlog
            try fifth.send("GET", "/fifth")
            // Those inside are served all the while; the fifth is not.
            for _ in 0..<20 { #expect(try await status(clients[0]) == 200) }
            #expect(arrived.withLock { $0 } == 24)
            clients.removeLast()
            let answer = try await blocking { try fifth.receive() }
            #expect(answer.status == 200)
        }
    }

    @Test("the date is as RFC 9110 writes it")
    func date() {
        #expect(DateHeader.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    }
}

private final class Flag: Sendable {
    private let state = Mutex(false)
    var isUp: Bool { state.withLock { $0 } }
    func raise() { state.withLock { $0 = true } }
}
