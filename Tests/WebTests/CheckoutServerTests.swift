import Contracts
import Delivery
import Foundation
import GRDB
import Testing
import TestSupport

@testable import Web

@Suite("Checkout over HTTP", .timeLimit(.minutes(5)))
struct CheckoutServerTests {
    @Test("202 with Location and total, once the order is committed and not before")
    func accepted() async throws {
        let shop = try RunningShop()
        try await shop.serving(carriesOut: false) { port in
            let client = try RawClient(port)
            let answering = Task { try await blocking { try Shopper.place(client) } }
            try await eventually { shop.orders.waiting == 1 }
            #expect(try await shop.committedOrders() == 0)
            #expect(try shop.orders.turn())
            let answer = try await answering.value
            #expect(try await shop.committedOrders() == 1)
            #expect(answer.status == 202)
            #expect(answer.headers["content-type"] == "application/json")
            let order = try #require(answer["orderId"].flatMap { OrderID($0) })
            #expect(answer.headers["location"] == "/v1/orders/\(order)")
            #expect(answer["status"] == "pending")
            #expect(answer["total", "amount"] == "3004")
            #expect(answer["total", "currency"] == "GBP")
        }
    }

    @Test("the same key and body get the first answer again, another body is refused")
    func idempotent() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                let first = try Shopper.place(client)
                #expect(first.status == 202)
                let again = try Shopper.place(RawClient(port))
                #expect(again.status == 202)
                #expect(again.body == first.body)
                #expect(again.headers["location"] == first.headers["location"])
                let other = try Shopper.place(client, Shopper.body + " ")
                expectProblem(other, 422, "idempotency-key-reused", field: "Idempotency-Key")
            }
        }
        #expect(try shop.traces() == [1, 1, 0])
    }

    @Test("an order gets the same response whichever way it is read, kept open or closed")
    func bothWays() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let compact = try Shopper.place(RawClient(port))
                // Blanks between the fields: for the general reader. Another hash, so another key.
                let spaced = try Shopper.place(
                    RawClient(port), key: "key-2", Shopper.body.replacing(",", with: ", "))
                let closing = try RawClient(port)
                try closing.write(
                    "POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nIdempotency-Key: key-1\r\n"
                        + "Content-Type: application/json\r\nContent-Length: \(Shopper.body.utf8.count)\r\n\r\n"
                        + Shopper.body)
                let closed = try closing.receive()
                #expect(throws: RawClient.Cut.self) { try closing.receive() }
                #expect(compact.status == 202 && spaced.status == 202 && closed.status == 202)
                #expect(closed.body == compact.body)
                #expect(closed.headers["connection"] == "close" && compact.headers["connection"] == nil)
                for name in ["content-type", "location", "content-length", "date"] {
                    #expect(compact.headers[name] != nil && closed.headers[name] != nil, "\(name)")
                    #expect(spaced.headers[name] != nil, "\(name)")
                }
                #expect(Set(compact.headers.keys) == Set(spaced.headers.keys))
                #expect(compact["total", "amount"] == spaced["total", "amount"])
            }
        }
    }

    @Test("GET shows the order, with every field, null for no reason")
    func shown() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                let id = try #require(try Shopper.place(client)["orderId"])
                let order = try client.call("GET", "/v1/orders/\(id)", Shopper.opening(id))
                #expect(order.status == 200)
                #expect(
                    Set(order.json.keys) == [
                        "orderId", "status", "reason", "total", "lines", "cancellationRequested", "createdAt",
                        "updatedAt",
                    ])
                #expect(order.json["reason"] is NSNull)
                #expect(order["status"] == "pending")
                let lines = try #require(order.json["lines"] as? [[String: Any]])
                #expect(lines.map { $0["productId"] as? String } == ["P-1", "P-2"])
                #expect(lines.map { $0["quantity"] as? Int } == [2, 1])
                #expect(lines.map { $0["unitPrice"] as? Int } == [1001, 1002])
                #expect(order.json["cancellationRequested"] as? Bool == false)

                let unknown = "018f0000-0000-7000-8000-000000000000"
                expectProblem(
                    try client.call("GET", "/v1/orders/\(unknown)", Shopper.opening(unknown)), 404, "unknown-order")
                expectProblem(
                    try client.call("DELETE", "/v1/orders/\(unknown)", Shopper.opening(unknown)), 404, "unknown-order")
                for path in ["/v1/orders/no-uuid", "/v1/orders/\(id)/lines", "/v1/orders/", "/", "/v1", "/V1/orders"] {
                    expectProblem(try client.call("GET", path), 404, "not-found", "\(path)")
                }
            }
        }
    }

    @Test("?wait= answers when the order is settled, at the latest when the time is over")
    func waits() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            let client = try RawClient(port)
            let id = try await blocking { try #require(try Shopper.place(client)["orderId"]) }
            let start = ContinuousClock.now
            let pending = try await blocking { try client.call("GET", "/v1/orders/\(id)?wait=1s", Shopper.opening(id)) }
            #expect(pending["status"] == "pending")
            #expect(ContinuousClock.now - start >= .seconds(1))

            let waiting = Task {
                try await blocking { try client.call("GET", "/v1/orders/\(id)?wait=30s", Shopper.opening(id)) }
            }
            try shop.node.database.transaction { try $0.execute(sql: "UPDATE orders SET status = 'confirmed'") }
            let settled = try await waiting.value
            #expect(settled["status"] == "confirmed")
            try await blocking {
                for wait in ["5", "-1s", "31s", "s", "1.5s", "9223372036854775807s"] {
                    let answer = try client.call("GET", "/v1/orders/\(id)?wait=\(wait)", Shopper.opening(id))
                    expectProblem(answer, 400, "invalid-field", field: "wait", "\(wait)")
                }
                #expect(try client.call("GET", "/v1/orders/\(id)?wait=0s", Shopper.opening(id)).status == 200)
            }
        }
    }

    @Test("DELETE asks for cancellation, once")
    func cancels() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                let id = try #require(try Shopper.place(client)["orderId"])
                for _ in 0..<3 {
                    let answer = try client.call("DELETE", "/v1/orders/\(id)", Shopper.opening(id))
                    #expect(answer.status == 202)
                    #expect(answer.json["cancellationRequested"] as? Bool == true)
                    #expect(answer["status"] == "pending")
                }
            }
        }
        #expect(try shop.traces() == [1, 2, 0])
    }

    @Test("GET /v1/products is the catalogue")
    func products() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let answer = try RawClient(port).call("GET", "/v1/products")
                #expect(answer.status == 200)
                let products = try #require(answer.json["products"] as? [[String: Any]])
                #expect(products.count == 1998)
                let first = try #require(products.first)
                #expect(first["productId"] as? String == "P-1")
                #expect((first["price"] as? [String: Any])?["amount"] as? Int == 1001)
            }
        }
    }

    @Test("a wrong method is 405 and says which are right")
    func methods() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                let order = "/v1/orders/018f0000-0000-7000-8000-000000000000"
                let cases = [
                    ("GET", "/v1/orders", "POST"), ("PUT", "/v1/orders", "POST"), ("DELETE", "/v1/orders", "POST"),
                    ("POST", order, "GET, HEAD, DELETE"), ("PATCH", order, "GET, HEAD, DELETE"),
                    ("POST", "/v1/products", "GET, HEAD"),
                ]
                for (method, path, allowed) in cases {
                    let answer = try client.call(method, path, body: Array("{}".utf8))
                    expectProblem(answer, 405, "method-not-allowed", "\(method) \(path)")
                    #expect(answer.headers["allow"] == allowed)
                }
            }
        }
    }

    // MARK: - When it cannot keep more

    @Test("a full queue is 503 with Retry-After; the same key is taken once there is room")
    func queueFull() async throws {
        let shop = try RunningShop(waiting: 1)
        try await shop.serving(carriesOut: false) { port in
            let first = Task { try await blocking { try Shopper.place(RawClient(port), key: "a") } }
            try await eventually { shop.orders.waiting == 1 }
            let refused = try await blocking { try Shopper.place(RawClient(port), key: "b") }
            expectProblem(refused, 503, "unavailable")
            #expect(refused.headers["retry-after"].flatMap { Int($0) } ?? 0 >= 1)
            #expect(try shop.orders.turn())
            #expect(try await first.value.status == 202)
            #expect(try shop.count("SELECT count(*) FROM orders WHERE idempotency_key = 'b'") == 0)
            let second = Task { try await blocking { try Shopper.place(RawClient(port), key: "b") } }
            try await eventually { shop.orders.waiting == 1 }
            #expect(try shop.orders.turn())
            #expect(try await second.value.status == 202)
        }
    }

    @Test("a full database is 503 with Retry-After, and nothing remains; with room the same key is taken")
    func databaseFull() async throws {
        let shop = try RunningShop()
        let lines = (1...500).map { #"{"productId":"P-\#($0)","quantity":1}"# }.joined(separator: ",")
        let body = """
            {"customerId":"c-1","email":"ann@example.test","currency":"GBP","cardToken":"tok_visa","lines":[\(lines)]}
            """
        try await shop.serving { port in
            try shop.node.database.read { db in
                let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
                try db.execute(sql: "PRAGMA max_page_count = \(pages)")
            }
            try await blocking {
                let refused = try Shopper.place(RawClient(port), body)
                expectProblem(refused, 503, "unavailable")
                #expect(refused.headers["retry-after"] != nil)
                #expect(refused["detail"]?.contains("SQL") == false, "the shop's inside is nobody's business")
                #expect(try shop.traces() == [0, 0, 0])
                try shop.node.database.read { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
                #expect(try Shopper.place(RawClient(port), body).status == 202)
            }
        }
        #expect(try shop.traces() == [1, 1, 0])
    }

    @Test("a service that stops turns away who still waits")
    func stopping() async throws {
        let shop = try RunningShop()
        try await shop.serving(carriesOut: false) { port in
            let waiting = Task { try await blocking { try Shopper.place(RawClient(port)) } }
            try await eventually { shop.orders.waiting == 1 }
            let loop = Task { try await shop.orders.run() }
            loop.cancel()
            try await loop.value
            let answer = try await waiting.value
            // Carried out in the last turn, or turned away: never left without an answer.
            #expect([202, 503].contains(answer.status))
            #expect(try shop.count("SELECT count(*) FROM orders") == (answer.status == 202 ? 1 : 0))
            expectProblem(try await blocking { try Shopper.place(RawClient(port), key: "late") }, 503, "unavailable")
        }
    }
}
