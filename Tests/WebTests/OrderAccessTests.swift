import Access
import Contracts
import Delivery
import Foundation
import GRDB
import Testing
import TestSupport

@testable import Web

/// Orders over HTTP, as somebody sees them who did not place them.
@Suite("Who may see an order", .timeLimit(.minutes(5)))
struct OrderAccessTests {
    private static let unknown = "018f0000-0000-7000-8000-000000000000"
    private static let requests = [("GET", "/v1/orders/"), ("DELETE", "/v1/orders/"), ("GET", "/storefront/orders/")]

    /// Two orders of two customers, placed.
    private func serving(
        _ body:
            @escaping @Sendable (_ client: RawClient, _ mine: RawClient.Answer, _ theirs: RawClient.Answer) throws ->
            Void
    ) async throws -> RunningShop {
        let shop = try RunningShop(hasStorefront: true)
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                try body(client, try Shopper.place(client, key: "mine"), try Shopper.place(client, key: "theirs"))
            }
        }
        return shop
    }

    @Test("the token of the 202 opens the order, and the same request gets the same token")
    func opens() async throws {
        _ = try await serving { client, mine, _ in
            let (id, token) = (try #require(mine["orderId"]), try #require(mine["token"]))
            #expect(token.utf8.count == 43)
            for (method, path) in Self.requests {
                let answer = try client.call(method, path + id, ["Authorization: Bearer \(token)"])
                #expect(answer.status == (method == "DELETE" ? 202 : 200), "\(method) \(path)")
            }
            #expect(
                try client.call("GET", "/v1/orders/\(id.uppercased())", ["authorization: bearer \(token)"]).status
                    == 200)
            #expect(try Shopper.place(client, key: "mine")["token"] == token)
        }
    }

    @Test(
        "without a token it is 401, with another one 403, for an order that exists and one that does not, word for word"
    )
    func alike() async throws {
        let shop = try await serving { client, mine, theirs in
            let (id, token) = (try #require(mine["orderId"]), try #require(mine["token"]))
            let foreign = try #require(theirs["token"])
            let other: Character = token.last == "A" ? "E" : "A"  // both end a text of 32 bytes
            let wrong = [
                foreign, String(token.dropLast()), token + "A", token + "=", String(token.dropLast()) + String(other),
                String(token.reversed()), "", " ", "\(token), Bearer \(token)", String(repeating: "A", count: 2000), id,
            ].map { "Bearer \($0)" }
            for (method, path) in Self.requests {
                for header in [nil, "", "Bearer", "Basic \(token)", token] + wrong {
                    let headers = header.map { ["Authorization: \($0)"] } ?? []
                    let answers = try [id, Self.unknown].map { try client.call(method, path + $0, headers) }
                    try #require(answers.count > 1)
                    let presents = header?.hasPrefix("Bearer ") == true && header.map { $0.count > 8 } == true
                    let what: Comment = "\(method) \(path) \(header?.prefix(80) ?? "no header")"
                    expectProblem(answers[0], presents ? 403 : 401, presents ? "forbidden" : "unauthorized", what)
                    #expect(answers[0].headers["www-authenticate"] == (presents ? nil : "Bearer"), what)
                    #expect(answers[0].body == answers[1].body, what)
                    #expect(answers[0].status == answers[1].status, what)
                    #expect(
                        answers[0].headers.filter { $0.key != "date" }
                            == answers[1].headers.filter { $0.key != "date" }, what)
                }
            }
        }
        let asked = try shop.count("SELECT count(*) FROM orders WHERE cancellation_requested_at IS NOT NULL")
        #expect(asked == 0, "somebody else's order was cancelled")
    }

    @Test("the database is not asked for whoever has no token: an order that cannot be read is refused all the same")
    func beforeTheDatabase() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            let order = try await blocking { try #require(try Shopper.place(RawClient(port))["orderId"]) }
            try shop.node.database.transaction { try $0.execute(sql: "UPDATE orders SET status = 'nonsense'") }
            try await blocking {
                let client = try RawClient(port)
                #expect(try client.call("GET", "/v1/orders/\(order)").status == 401)
                #expect(try client.call("GET", "/v1/orders/\(order)", Shopper.opening(Self.unknown)).status == 403)
                #expect(try client.call("GET", "/v1/orders/\(order)", Shopper.opening(order)).status == 500)
            }
        }
    }

    @Test("whoever uses another's idempotency key learns neither order nor token")
    func foreignKey() async throws {
        _ = try await serving { client, mine, _ in
            let (id, token) = (try #require(mine["orderId"]), try #require(mine["token"]))
            let answer = try Shopper.place(client, key: "mine", Shopper.body + " ")
            expectProblem(answer, 422, "idempotency-key-reused", field: "Idempotency-Key")
            let text = String(decoding: answer.body, as: UTF8.self)
            #expect(!text.contains(id) && !text.contains(token))
        }
    }

    @Test("right token, no such order: 404, and nobody but the shop can make such a token")
    func unknownOrder() async throws {
        _ = try await serving { client, _, _ in
            for method in ["GET", "DELETE"] {
                let answer = try client.call(method, "/v1/orders/\(Self.unknown)", Shopper.opening(Self.unknown))
                expectProblem(answer, 404, "unknown-order")
            }
        }
    }
}
