import Foundation
import Testing
import TestSupport

/// The real order-service, and the file that its customers' tokens hang on.
@Suite("The key of the orders' tokens", .serialized, .timeLimit(.minutes(5)))
struct OrderKeyTests {
    private static let order = """
        {"customerId":"c-1","email":"ann@example.test","currency":"GBP","cardToken":"tok_visa",
         "lines":[{"productId":"P-1","quantity":1}]}
        """

    private func start(_ data: String, in directory: String) throws -> ServiceBesides {
        try ServiceBesides("order-service", data: data, binaries: Project.binaries, environment: [:], in: directory)
    }

    /// The service ends by itself, with 78: a restart changes nothing.
    private func expectRefusal(_ words: String, _ data: String, in directory: String) async throws {
        let service = try start(data, in: directory)
        try await waitUntil("order-service ends") { service.status != nil }
        #expect(service.status == 78, "\(service.errors)")
        #expect(service.errors.contains(words), "\(service.errors)")
    }

    @Test("lost, or open to others: not one order more is taken; put back, the tokens given before are good")
    func lostAndFound() async throws {
        try await withTemporaryDirectory { directory in
            let data = directory + "/data"
            let (key, copy) = (data + "/db/order/order-token.key", directory + "/copy")
            var service = try start(data, in: directory)
            try await service.waitUntilReady()
            let product = #"{"products":[{"productId":"P-1","name":"Mug","price":{"amount":1,"currency":"GBP"}}]}"#
            let stocked = await HTTP.send(
                "PUT", port: service.portBase + 1, "/admin/products",
                token: try SupervisedRun.operatorToken(of: data), body: product)
            #expect(stocked?.status == 200)
            let answer = await HTTP.send("POST", port: service.portBase, "/v1/orders", key: "k", body: Self.order)
            let (order, token) = (try #require(answer?.member("orderId")), try #require(answer?.member("token")))
            service.kill()
            try await waitUntil("order-service is dead") { service.status != nil }

            try FileManager.default.moveItem(atPath: key, toPath: copy)
            try await expectRefusal("the key of the orders' tokens is gone", data, in: directory)
            #expect(!FileManager.default.fileExists(atPath: key), "no other key in its place")

            try FileManager.default.copyItem(atPath: copy, toPath: key)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
            try await expectRefusal("chmod 600 \(key)", data, in: directory)

            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
            service = try start(data, in: directory)
            try await service.waitUntilReady()
            let shown = await HTTP.send("GET", port: service.portBase, "/v1/orders/\(order)", token: token)
            #expect(shown?.status == 200)
            let again = await HTTP.send("POST", port: service.portBase, "/v1/orders", key: "k", body: Self.order)
            #expect(again?.member("token") == token, "the same request, the same answer")
        }
    }
}
