import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Testing
import TestSupport

@testable import HTTPServing
@testable import Web

/// Clients that let the server wait: each has its limit, and nobody else waits for them.
@Suite("Slow clients", .timeLimit(.minutes(5)))
struct SlowClientTests {
    /// Longer than any test takes.
    private static let never = TimeAmount.hours(1)
    private static let soon = TimeAmount.milliseconds(200)

    private static func patient(connections: Int = 64) -> HTTPServer.Limits {
        var limits = HTTPServer.Limits(connections: connections, bodyBytes: 1 << 20)
        (limits.idle, limits.head, limits.body, limits.taking) = (never, never, never, never)
        return limits
    }

    /// Answers with the length of the body, or as a test says.
    private func serving(
        _ limits: HTTPServer.Limits, respond: HTTPServer.Respond? = nil,
        _ body: @escaping @Sendable (_ port: Int) async throws -> Void
    ) async throws {
        let echo: HTTPServer.Respond = { request, _ in
            let length = (try? await request.body.collect(upTo: 1 << 20))?.readableBytes ?? -1
            return Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: "\(length)")))
        }
        try await withServer(
            { port, logger in
                HTTPServer(
                    port: port, limits: limits, logger: logger, refuse: { Problem($0).response },
                    respond: respond ?? echo)
            }, body)
    }

    private static let slowHead = "GET / HTTP/1.1\r\nHost: localhost\r\nX: "
    private static let slowBody = "PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"

    @Test("a head or a body that does not come to its end is 408, also where each moment brings a byte")
    func slowRequests() async throws {
        for (begin, isHead) in [(Self.slowHead, true), (Self.slowBody, false)] {
            var limits = Self.patient()
            if isHead { limits.head = Self.soon } else { limits.body = Self.soon }
            try await serving(limits) { port in
                try await blocking {
                    let (silent, dripping) = (try RawClient(port), try RawClient(port))
                    try silent.write(begin)
                    try dripping.write(begin)
                    for _ in 0..<6000 where try !dripping.hasAnswer(within: 10) { try dripping.write("x") }
                    for client in [silent, dripping] {
                        let answer = try client.receive()
                        expectProblem(answer, 408, "request-timeout")
                        #expect(answer.headers["connection"] == "close")
                        #expect(throws: RawClient.Cut.self) { try client.receive() }
                    }
                }
            }
        }
    }

    @Test("a connection without a request is let go, before the first as after the last")
    func idle() async throws {
        var limits = Self.patient()
        limits.idle = Self.soon
        try await serving(limits) { port in
            try await blocking {
                let new = try RawClient(port)
                // Cut off before it asked, where this machine was so slow; then it comes again.
                var used: RawClient?
                for _ in 1...100 where used == nil {
                    let client = try RawClient(port)
                    if (try? client.call("GET", "/").status) == 200 { used = client }
                }
                for client in [new, try #require(used)] { #expect(throws: RawClient.Cut.self) { try client.receive() } }
            }
        }
    }

    @Test("who takes nothing of an answer is cut off; who takes it slowly gets all of it")
    func slowReaders() async throws {
        var limits = Self.patient()
        limits.taking = .seconds(1)
        // More than the kernel keeps for a connection.
        let large = ByteBuffer(repeating: UInt8(ascii: "x"), count: 32 << 20)
        let cut = Mutex(false)
        try await serving(
            limits,
            respond: { request, channel in
                if request.uri.path == "/untaken" {
                    channel.closeFuture.whenComplete { _ in cut.withLock { $0 = true } }
                }
                return Response(status: .ok, body: ResponseBody(byteBuffer: large))
            }
        ) { port in
            let idle = try RawClient(port)
            try idle.send("GET", "/untaken")
            try await eventually { cut.withLock { $0 } }
            try await blocking {
                let slow = try RawClient(port)
                try slow.send("GET", "/")
                // 64 pieces, a pause before each: twice the limit altogether.
                let answer = try slow.takeSlowly(pieces: 64, of: 1 << 19, pauseMilliseconds: 30)
                #expect(answer.body.count == 32 << 20)
            }
        }
    }

    @Test("who sends requests and takes no answers is asked no further: little waits for it, and it is cut off")
    func untakenAnswers() async throws {
        var limits = Self.patient()
        limits.taking = Self.soon
        let answered = Mutex(0)
        let cut = Mutex(false)
        let answer = ByteBuffer(repeating: UInt8(ascii: "x"), count: 256 << 10)
        try await serving(
            limits,
            respond: { _, channel in
                let number = answered.withLock { answered in
                    answered += 1
                    return answered
                }
                if number == 1 {
                    channel.closeFuture.whenComplete { _ in cut.withLock { $0 = true } }
                }
                return Response(status: .ok, body: ResponseBody(byteBuffer: answer))
            }
        ) { port in
            let client = try RawClient(port)
            try client.write(String(repeating: "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", count: 1000))
            try await eventually { cut.withLock { $0 } }
            // What the kernel's buffers hold, and one more: not the 250 MB that were asked for.
            #expect(answered.withLock { $0 } < 200)
        }
    }

    @Test("when connections run short, those that do nothing are let go for those that do")
    func crowded() async throws {
        try await serving(Self.patient(connections: 16)) { port in
            let idle = try (0..<15).map { _ in try RawClient(port) }
            for client in idle[..<8] { try client.write(Self.slowHead) }
            try await blocking {
                // All places are taken or in the backlog; these have to be let in.
                for _ in 0..<16 {
                    let answer = try RawClient(port).call("GET", "/")
                    #expect(answer.status == 200)
                }
            }
            _ = idle
        }
    }

    @Test("large bodies share what there is; one more is 503 with Retry-After, a small one is always taken")
    func largeBodies() async throws {
        var limits = Self.patient()
        limits.bufferedBytes = 1 << 20
        try await serving(limits) { port in
            try await blocking {
                let large = [UInt8](repeating: 0x78, count: 900_000)
                func hold() throws -> RawClient {
                    let client = try RawClient(port)
                    try client.write(Self.slowBody)
                    try client.write(large)
                    return client
                }
                var holder = try hold()
                // The server has read it all once another finds no room: what it has not read takes none. Where the other
                // was faster, it is the holder that is refused.
                var refused = try RawClient(port).call("PUT", "/", body: large)
                for _ in 0..<500 where refused.status == 200 {
                    if try holder.hasAnswer(within: 0) { holder = try hold() }
                    refused = try RawClient(port).call("PUT", "/", body: large)
                }
                expectProblem(refused, 503, "unavailable")
                #expect(refused.headers["retry-after"] == "1")
                let small = [UInt8](repeating: 0x78, count: HTTPServer.Limits.smallBodyBytes)
                #expect(try RawClient(port).call("PUT", "/", body: small).body == Array("16384".utf8))
                try holder.write([UInt8](repeating: 0x78, count: 100_000))
                #expect(try holder.receive().body == Array("1000000".utf8))
                // Room that was given back is there again, also from those who went without a word.
                for _ in 0..<5 {
                    _ = try hold()
                }
                var again = 0
                for _ in 0..<500 where again != 200 {
                    again = try RawClient(port).call("PUT", "/", body: large).status
                }
                #expect(again == 200)
            }
        }
    }
}

extension RawClient {
    /// Whether something came within so many milliseconds.
    func hasAnswer(within milliseconds: Int32) throws -> Bool {
        var look = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&look, 1, milliseconds) > 0
    }

    /// An answer, read in pieces with a pause before each.
    func takeSlowly(pieces: Int, of bytes: Int, pauseMilliseconds: Int32) throws -> Answer {
        for piece in 1...pieces {
            poll(nil, 0, pauseMilliseconds)
            try readUp(to: piece * bytes)
        }
        return try receive()
    }
}
