import Foundation
import GRDB
import Testing
import TestSupport

/// Real services that are told to stop, and something is in the way.
@Suite("A graceful stop", .serialized, .timeLimit(.minutes(5)))
struct StopTests {
    private static let order = """
        {"customerId":"c-1","email":"ann@example.test","currency":"GBP","cardToken":"tok_visa",
         "lines":[{"productId":"P-1","quantity":1}]}
        """

    /// Runs order-service alone, and returns how long it took to end after `hinder`, how it ended and what it said.
    private func stop(
        limit: Int, _ hinder: (_ service: ServiceBesides, _ data: String) async throws -> Void
    ) async throws -> (seconds: Duration, status: Int32, errors: String) {
        try await withTemporaryDirectory { directory in
            let service = try ServiceBesides(
                "order-service", data: directory + "/data", binaries: Project.binaries,
                environment: ["STAMPEDE_STOP_SECONDS": "\(limit)"], in: directory)
            try await service.waitUntilReady()
            let product = #"{"products":[{"productId":"P-1","name":"Mug","price":{"amount":1,"currency":"GBP"}}]}"#
            let token = try SupervisedRun.operatorToken(of: directory + "/data")
            let named = await HTTP.send(
                "PUT", port: service.portBase + 1, "/admin/products", token: token, body: product)
            #expect(named?.status == 200)
            try await hinder(service, directory + "/data")
            let begin = ContinuousClock.now
            service.terminate()
            try await waitUntil("order-service ends") { service.status != nil }
            return (ContinuousClock.now - begin, try #require(service.status), service.errors)
        }
    }

    @Test("a client that never finishes its request is cut off, and the stop is a clean one")
    func slowClient() async throws {
        var connection: SlowClient?
        let ended = try await stop(limit: 4) { service, _ in
            connection = try SlowClient(port: service.portBase)
            try connection?.send("POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        }
        _ = connection
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(ended.errors.contains("stopped"))
    }

    @Test("a part that does not end is named when the limit is over, and the exit code says so")
    func hangs() async throws {
        var other: DatabaseQueue?
        var shopper: SlowClient?
        let ended = try await stop(limit: 2) { service, data in
            // Somebody else holds the database: the next commit waits for it longer than a stop may take.
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            other = try DatabaseQueue(path: data + "/db/order/order.db", configuration: configuration)
            try await other?.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
            shopper = try SlowClient(port: service.portBase)
            try shopper?.send(
                "POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\n"
                    + "Content-Length: \(Self.order.utf8.count)\r\n\r\n\(Self.order)")
            // Whoever came first is read first: with these answers the order is under way.
            for _ in 1...2 {
                #expect(await HTTP.send("GET", port: service.portBase, "/v1/products")?.status == 200)
            }
        }
        _ = shopper
        try await other?.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        #expect(ended.status == 70, "\(ended.errors)")
        #expect(ended.seconds >= .seconds(2), "the whole limit")
        #expect(ended.errors.contains("these parts have not ended"), "\(ended.errors)")
        #expect(ended.errors.contains("checkout"), "\(ended.errors)")
    }
}
