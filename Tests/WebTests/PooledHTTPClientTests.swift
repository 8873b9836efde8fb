import Foundation
import Testing

@testable import Web

@Suite("Connections to the gateway", .timeLimit(.minutes(5)))
struct PooledHTTPClientTests {
    private func client(_ port: Int, connections: Int = 4, timeout: Duration = .seconds(120)) -> PooledHTTPClient {
        PooledHTTPClient(host: "127.0.0.1", port: port, connections: connections, timeout: timeout)
    }

    /// Answers each call with its own key.
    @Sendable private static func echo(_ call: ScriptedServer.Call) -> ScriptedServer.Reply {
        .json(200, call.key ?? "-")
    }

    private func text(_ answer: PooledHTTPClient.Answer) -> String { String(decoding: answer.body, as: UTF8.self) }

    @Test("calls after one another share a connection")
    func keepAlive() async throws {
        let server = try ScriptedServer(reply: Self.echo)
        defer { server.stop() }
        let client = client(server.port)
        for number in 0..<50 {
            #expect(try await text(client.post("/", idempotencyKey: "k\(number)", body: [])) == "k\(number)")
        }
        #expect(server.connections == 1)
        #expect(client.usage.open == 1)
    }

    @Test("a connection that the server closes with its answer is not used again")
    func connectionClose() async throws {
        let server = try ScriptedServer { .json(200, $0.key ?? "-", "Connection: close\r\n") }
        defer { server.stop() }
        let client = client(server.port)
        for number in 0..<20 {
            #expect(try await text(client.post("/", idempotencyKey: "k\(number)", body: [])) == "k\(number)")
        }
        #expect(server.connections == 20)
        #expect(server.calls.count == 20)
    }

    @Test("never more connections than allowed; who waits is served in order")
    func limit() async throws {
        let gate = DispatchSemaphore(value: 0)
        let server = try ScriptedServer { call in
            gate.wait()
            return Self.echo(call)
        }
        defer { server.stop() }
        let client = client(server.port, connections: 3)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<12 {
                group.addTask {
                    let answer = try await client.post("/", idempotencyKey: "k\(number)", body: [])
                    #expect(String(decoding: answer.body, as: UTF8.self) == "k\(number)")
                }
                // One after the other, so that the order of arrival is known.
                try await eventually {
                    let usage = client.usage
                    return usage.open + usage.waiting == number + 1
                }
            }
            try await eventually { server.calls.count == 3 }
            for _ in 0..<12 { gate.signal() }
            try await group.waitForAll()
        }
        #expect(server.connections <= 3)
        #expect(server.mostBusy <= 3)
        #expect(server.calls.count == 12)
        #expect(client.usage.waiting == 0)
    }

    @Test("with one connection the calls go out in the order in which they came")
    func order() async throws {
        let gate = DispatchSemaphore(value: 0)
        let server = try ScriptedServer { call in
            gate.wait()
            return Self.echo(call)
        }
        defer { server.stop() }
        let client = client(server.port, connections: 1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<10 {
                group.addTask { _ = try await client.post("/", idempotencyKey: "k\(number)", body: []) }
                try await eventually {
                    client.usage.open + client.usage.waiting == number + 1
                }
            }
            for _ in 0..<10 { gate.signal() }
            try await group.waitForAll()
        }
        #expect(server.calls.map(\.key) == (0..<10).map { "k\($0)" })
        #expect(server.connections == 1)
    }

    @Test("nobody waits for ever while the server is down, and all is well once it is back")
    func down() async throws {
        let port = try Sockets.freePort()
        let client = client(port, connections: 3)
        for _ in 0..<3 {
            let failed = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<40 {
                    group.addTask { (try? await client.post("/", idempotencyKey: "k\(number)", body: [])) == nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(failed == 40)
            #expect(client.usage == (0, 0))
        }
    }

    @Test("calls that wait while every connection breaks are served by new ones")
    func breaks() async throws {
        // Each connection dies at its first call, before or after the head of the answer.
        let server = try ScriptedServer {
            $0.connection % 2 == 0 ? .cut : .last("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        }
        defer { server.stop() }
        let client = client(server.port, connections: 2)
        let unknown = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<30 {
                group.addTask {
                    do {
                        _ = try await client.post("/", idempotencyKey: "k\(number)", body: [])
                        return false
                    } catch {
                        return error is UnknownOutcome
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(unknown == 30)
        #expect(server.calls.count == 30)
        #expect(Set(server.calls.map(\.key)).count == 30, "a call went out twice")
        #expect(client.usage == (0, 0))
    }

    @Test("a server that closes idle connections makes no call hang, and no call go out twice", arguments: [0, 1, 2])
    func idleClosed(round: Int) async throws {
        // Closes right after each answer without saying so: the client learns of it at some moment of the next call.
        let server = try ScriptedServer { .last(ScriptedServer.answer(200, $0.key ?? "-")) }
        defer { server.stop() }
        let client = client(server.port, connections: 2)
        var unknown = 0
        for number in 0..<300 {
            do {
                #expect(try await text(client.post("/", idempotencyKey: "k\(number)", body: [])) == "k\(number)")
            } catch is UnknownOutcome {
                unknown += 1
            }
        }
        let keys = server.calls.map(\.key)
        #expect(Set(keys).count == keys.count, "a call went out twice")
        #expect(keys.count >= 300 - unknown)
    }

    @Test("idle connections that were cut are not used again")
    func cutWhileIdle() async throws {
        let server = try ScriptedServer(reply: Self.echo)
        defer { server.stop() }
        let client = client(server.port, connections: 8)
        for round in 0..<20 {
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask { _ = try? await client.post("/", idempotencyKey: "a\(round).\(number)", body: []) }
                }
            }
            server.cutAll()
            for number in 0..<8 {
                do {
                    let key = "b\(round).\(number)"
                    #expect(try await text(client.post("/", idempotencyKey: key, body: [])) == key)
                } catch is UnknownOutcome {
                    // the cut was on its way
                }
            }
        }
        let keys = server.calls.map(\.key)
        #expect(Set(keys).count == keys.count, "a call went out twice")
        #expect(client.usage.open <= 8)
    }

    @Test("an answer that nobody asked for is never taken for the next call's")
    func unsolicited() async throws {
        let server = try ScriptedServer { call in
            let own = ScriptedServer.answer(200, call.key ?? "-")
            return .bytes(own + ScriptedServer.answer(200, "nobody's"))
        }
        defer { server.stop() }
        let client = client(server.port, connections: 1)
        for number in 0..<50 {
            do {
                #expect(try await text(client.post("/", idempotencyKey: "k\(number)", body: [])) == "k\(number)")
            } catch is UnknownOutcome {
                // the connection was given up as the call began
            }
        }
    }

    @Test("a late answer is not the next call's")
    func late() async throws {
        let gate = DispatchSemaphore(value: 0)
        let server = try ScriptedServer { call in
            if call.key == "slow" { gate.wait() }
            return Self.echo(call)
        }
        defer { server.stop() }
        let client = client(server.port, connections: 1, timeout: .seconds(3))
        await #expect(throws: UnknownOutcome.self) { try await client.post("/", idempotencyKey: "slow", body: []) }
        gate.signal()
        for number in 0..<20 {
            #expect(try await text(client.post("/", idempotencyKey: "k\(number)", body: [])) == "k\(number)")
        }
        #expect(server.connections == 2)
    }

    @Test("a cancelled call ends at once, under way or waiting, and gives its connection free")
    func cancelled() async throws {
        let server = try ScriptedServer { $0.key == "k" ? .silence : Self.echo($0) }
        defer { server.stop() }
        let client = client(server.port, connections: 1, timeout: .seconds(600))
        let calls = (0..<3).map { _ in Task { try await client.post("/", idempotencyKey: "k", body: []) } }
        try await eventually { server.calls.count == 1 && client.usage.waiting == 2 }
        for call in calls { call.cancel() }
        for call in calls { await #expect(throws: (any Error).self) { try await call.value } }
        #expect(server.calls.count == 1, "a cancelled call went out")
        #expect(client.usage == (0, 0))
        #expect(try await text(client.post("/", idempotencyKey: "after", body: [])) == "after")
    }
}
