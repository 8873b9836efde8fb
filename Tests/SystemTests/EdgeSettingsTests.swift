import Foundation
import Testing
import TestSupport

/// What clients are held to is configuration: a running order-service with other limits than the usual ones.
@Suite("Limits of clients, as they are set", .serialized, .timeLimit(.minutes(5)))
struct EdgeSettingsTests {
    private static let products = "GET /v1/products HTTP/1.1\r\nConnection: close\r\n"

    private func exchange(_ port: Int, _ request: String) async throws -> String {
        try await offPool {
            let client = try SlowClient(port: port)
            try client.send(request)
            return try client.receiveAll()
        }
    }

    @Test("time-outs, sizes, names and the rate are those of the settings")
    func settings() async throws {
        try await withTemporaryDirectory { directory in
            let service = try ServiceBesides(
                "order-service", data: directory + "/data", binaries: Project.binaries,
                environment: [
                    "STAMPEDE_HTTP_IDLE_SECONDS": "1", "STAMPEDE_HTTP_HEAD_SECONDS": "1",
                    "STAMPEDE_HTTP_BODY_SECONDS": "1",
                    "STAMPEDE_HTTP_MAX_HEAD_BYTES": "2000", "STAMPEDE_HTTP_MAX_HEADERS": "10",
                    "STAMPEDE_HTTP_HOSTS": "shop.example, Other.Example", "STAMPEDE_CHECKOUT_RATE_PER_SECOND": "1",
                    "STAMPEDE_CHECKOUT_RATE_BURST": "2",
                ], in: directory)
            try await service.waitUntilReady()
            let port = service.portBase
            func status(_ request: String) async throws -> String {
                String(try await exchange(port, request).split(separator: " ").dropFirst().first ?? "closed")
            }
            let host = "Host: localhost\r\n"
            #expect(try await status("") == "closed")
            #expect(try await status("GET /v1/products HTTP/1.1\r\nX: ") == "408")
            #expect(try await status("POST /v1/orders HTTP/1.1\r\n\(host)Content-Length: 9\r\n\r\n{") == "408")
            #expect(try await status("\(Self.products)X: \(String(repeating: "x", count: 2000))\r\n\r\n") == "431")
            #expect(try await status(Self.products + String(repeating: "X: y\r\n", count: 10) + "\r\n") == "431")
            #expect(try await status("\(Self.products)Host: evil.example\r\n\r\n") == "421")
            // Two at once, from whatever name; then it is too soon. All are sent at once, for a second brings one more.
            let names = ["SHOP.example:80", "other.example"] + Array(repeating: "localhost", count: 8)
            let last = "Connection: close\r\n"
            let requests = names.indices.map { index in
                "GET /v1/products HTTP/1.1\r\nHost: \(names[index])\r\n\(index == names.count - 1 ? last : "")\r\n"
            }
            let answers = try await exchange(port, requests.joined())
            let statuses = answers.matches(of: #/HTTP/1\.1 (\d{3}) /#).map { String($0.output.1) }
            #expect(statuses.count == names.count && statuses.prefix(2) == ["200", "200"], "\(statuses)")
            #expect(statuses.contains("429") && Set(statuses) == ["200", "429"], "\(statuses)")
            #expect(answers.lowercased().contains("\r\nretry-after: 1\r\n"))
            service.terminate()
            try await waitUntil("order-service ends") { service.status != nil }
        }
    }

    @Test(
        "a limit that cannot be is refused by name, and nothing is started",
        arguments: [
            ("STAMPEDE_HTTP_IDLE_SECONDS", "0"), ("STAMPEDE_HTTP_HEAD_SECONDS", "soon"),
            ("STAMPEDE_HTTP_BODY_SECONDS", "-1"),
            ("STAMPEDE_HTTP_TAKING_SECONDS", "1.5"), ("STAMPEDE_HTTP_MAX_HEAD_BYTES", "10"),
            ("STAMPEDE_HTTP_MAX_HEADERS", "0"), ("STAMPEDE_HTTP_MAX_BUFFERED_BYTES", "1"),
            ("STAMPEDE_CHECKOUT_RATE_PER_SECOND", "-1"), ("STAMPEDE_CHECKOUT_RATE_BURST", "0"),
        ])
    func wrong(key: String, value: String) async throws {
        try await withTemporaryDirectory { directory in
            let outcome = try await runProgram(
                Project.binaries + "/order-service", ["--data", directory + "/data"], environment: [key: value])
            #expect(outcome.status == 2)
            #expect(outcome.errors.contains(key) && outcome.errors.contains("'\(value)'"), "\(outcome.errors)")
        }
    }
}
