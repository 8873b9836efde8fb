import CommandLineKit
import Contracts
import Foundation
import GRDB
import InventoryService
import NIOCore
import OrderService
import ProcessSettings
import ServiceRuntime
import Synchronization
import Testing
import TestSupport

@testable import Delivery
@testable import Web

@Suite("Admin over HTTP", .timeLimit(.minutes(5)))
struct AdminServerTests {
    private func json(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("health and metrics answer; the rest is 404 or 405")
    func health() async throws {
        try await withServer({ AdminServer.make(port: $0, logger: $1) }) { port in
            try await blocking {
                let client = try RawClient(port)
                for path in ["/health/live", "/health/ready", "/metrics"] {
                    let answer = try client.call("GET", path)
                    #expect(answer.status == 200)
                    #expect(answer.headers["content-type"]?.hasPrefix("text/plain") == true)
                    let wrong = try client.call("POST", path, body: [])
                    expectProblem(wrong, 405, "method-not-allowed")
                    #expect(wrong.headers["allow"] == "GET, HEAD")
                }
                expectProblem(try client.call("GET", "/admin/products"), 404, "not-found")
            }
        }
    }

    @Test("a service of which a part stands is alive, but not ready, and says why")
    func standing() async throws {
        let standing = Standing()
        try await withServer({ AdminServer.make(port: $0, logger: $1, standing: standing) }) { port in
            try await blocking {
                let client = try RawClient(port)
                standing.note("outbox relay", because: "the disk is full")
                let answer = try client.call("GET", "/health/ready")
                #expect(answer.status == 503)
                #expect(String(decoding: answer.body, as: UTF8.self) == "outbox relay stands: the disk is full\n")
                #expect(try client.call("GET", "/health/live").status == 200)
                standing.note("outbox relay", because: nil)
                #expect(try client.call("GET", "/health/ready").status == 200)
            }
        }
    }

    @Test("a catalogue that was changed is the one that is shown from then on")
    func listing() async throws {
        let directory = try TemporaryDirectory()
        let process = try ServiceProcess(OrderService.card(), settings: Settings(dataDirectory: directory.path))
        let listing = ProductListing(try DatabaseReader(path: process.node.database.path))
        let action = SeedingActions.products(process, listing)
        @Sendable func shown() async throws -> String { String(buffer: try await listing.text()) }
        #expect(try await shown() == #"{"products":[]}"#)
        try await withServer({ AdminServer.make(port: $0, logger: $1, actions: [action]) }) { port in
            for price in 1...20 {
                async let asked = shown()
                let body =
                    #"{"products":[{"productId":"A","name":"Tea","price":{"amount":\#(price),"currency":"GBP"}}]}"#
                try await blocking {
                    let answer = try RawClient(port).call(
                        "PUT", "/admin/products", [TestOperator.authorization], body: Array(body.utf8))
                    #expect(answer.status == 200)
                }
                _ = try await asked
                #expect(try await shown().contains(#""amount":\#(price),"#))
            }
        }
    }

    @Test("a catalogue that changes while it is read is read again by who comes next")
    func listingRead() async throws {
        let directory = try TemporaryDirectory()
        let process = try ServiceProcess(OrderService.card(), settings: Settings(dataDirectory: directory.path))
        let reads = Mutex(0)
        let whenRead = Mutex<(@Sendable () -> Void)?>(nil)
        let listing = ProductListing(try DatabaseReader(path: process.node.database.path)) { _ in
            reads.withLock { $0 += 1 }
            whenRead.withLock { $0 }?()
            return []
        }
        whenRead.withLock { $0 = { listing.changed() } }
        _ = try await listing.text()
        whenRead.withLock { $0 = nil }
        for _ in 0..<3 { _ = try await listing.text() }
        #expect(reads.withLock { $0 } == 2, "what was read before the change was kept, or nothing ever is")
    }

    @Test("PUT /admin/products adds and replaces; a wrong one names its field and changes nothing")
    func products() async throws {
        let directory = try TemporaryDirectory()
        let process = try ServiceProcess(OrderService.card(), settings: Settings(dataDirectory: directory.path))
        let products: @Sendable () throws -> [String] = {
            try process.node.database.read { try Catalog.products($0) }.map {
                "\($0.productID) \($0.price.amount) \($0.price.currency)"
            }
        }
        let listing = ProductListing(try DatabaseReader(path: process.node.database.path))
        let action = SeedingActions.products(process, listing)
        try await withServer({ AdminServer.make(port: $0, logger: $1, actions: [action]) }) { port in
            try await blocking {
                let client = try RawClient(port)
                func put(_ body: String) throws -> RawClient.Answer {
                    try client.call("PUT", "/admin/products", [TestOperator.authorization], body: Array(body.utf8))
                }
                func product(_ id: String, _ price: String, _ currency: String = "GBP", name: String = "Tea") -> String
                {
                    #"{"productId":"\#(id)","name":"\#(name)","price":{"amount":\#(price),"currency":"\#(currency)"}}"#
                }
                let added = try put(#"{"products":[\#(product("A", "100")),\#(product("B", "0"))]}"#)
                #expect(added.status == 200)
                #expect(added["changed"] == "2")
                #expect(try put(#"{"products":[\#(product("A", "250", "EUR"))]}"#).status == 200)
                #expect(try products() == ["A 250 EUR", "B 0 GBP"])

                expectProblem(try put("{"), 400, "malformed-json")
                expectProblem(try put("{}"), 400, "missing-field", field: "products")
                let cases = [
                    (#"[\#(product("C", "1.5"))]"#, 400, "wrong-type", "products[0].price.amount"),
                    (#"[{"productId":"C","name":"x"}]"#, 400, "missing-field", "products[0].price"),
                    ("[]", 422, "invalid-field", "products"),
                    (#"[\#(product("C", "1")),\#(product("", "1"))]"#, 422, "invalid-field", "products[1].productId"),
                    (
                        #"[\#(product(String(repeating: "p", count: 65), "1"))]"#, 422, "invalid-field",
                        "products[0].productId"
                    ),
                    (#"[\#(product("C", "-1"))]"#, 422, "invalid-field", "products[0].price.amount"),
                    (#"[\#(product("C", "1", "gbp"))]"#, 422, "invalid-field", "products[0].price.currency"),
                    (#"[\#(product("C", "1", "ABC"))]"#, 422, "invalid-field", "products[0].price.currency"),
                    (#"[\#(product("C", "1", "XXX"))]"#, 422, "invalid-field", "products[0].price.currency"),
                    (
                        #"[\#(product("C", "1", name: String(repeating: "n", count: 201)))]"#, 422, "invalid-field",
                        "products[0].name"
                    ),
                ]
                for (list, status, type, field) in cases {
                    expectProblem(try put("{\"products\":\(list)}"), status, type, field: field, "\(list.prefix(80))")
                }
                #expect(try products() == ["A 250 EUR", "B 0 GBP"])
                let wrong = try client.call("POST", "/admin/products", body: [])
                expectProblem(wrong, 405, "method-not-allowed")
                #expect(wrong.headers["allow"] == "PUT")
            }
        }
    }

    @Test("PUT /admin/stock sets what is available, once a key; a wrong one names its field and changes nothing")
    func stock() async throws {
        let directory = try TemporaryDirectory()
        let process = try ServiceProcess(InventoryService.card(), settings: Settings(dataDirectory: directory.path))
        let queue = CommandQueue(node: process.node, limit: 4, handler: StockTaking(randomness: SystemRandomness()))
        let loop = Task(executorPreference: process.databaseThread) { try await queue.run() }
        let rows: @Sendable (String) throws -> Int = { sql in
            try process.node.database.read { try Int.fetchOne($0, sql: sql) ?? 0 }
        }
        try await withServer({ AdminServer.make(port: $0, logger: $1, actions: [SeedingActions.stock(process, queue)]) }
        ) { port in
            try await blocking {
                let client = try RawClient(port)
                func put(_ body: String) throws -> RawClient.Answer {
                    try client.call("PUT", "/admin/stock", [TestOperator.authorization], body: Array(body.utf8))
                }
                let seeding =
                    #"{"key":"s1","stock":[{"productId":"A","available":10},{"productId":"B","available":0}]}"#
                let first = try put(seeding)
                #expect(first.status == 200)
                #expect(first["changed"] == "2")
                let again = try put(seeding)
                #expect(again["changed"] == "0")
                #expect(try rows("SELECT available FROM stock WHERE product_id = 'A'") == 10)
                #expect(try rows("SELECT count(*) FROM outbox") == 2)

                expectProblem(try put(#"{"stock":[]}"#), 400, "missing-field", field: "key")
                expectProblem(try put(#"{"key":"s2","stock":[]}"#), 422, "invalid-field", field: "stock")
                expectProblem(
                    try put(#"{"key":"s2","stock":[{"productId":"A","available":-1}]}"#), 422, "invalid-field",
                    field: "stock[0].available")
                #expect(try rows("SELECT count(*) FROM outbox") == 2)
            }
        }
        loop.cancel()
        try await loop.value
        // Stopped: nothing is kept, and the operator is told to come back.
        try await withServer({ AdminServer.make(port: $0, logger: $1, actions: [SeedingActions.stock(process, queue)]) }
        ) { port in
            try await blocking {
                let body = #"{"key":"s3","stock":[{"productId":"A","available":1}]}"#
                let answer = try RawClient(port).call(
                    "PUT", "/admin/stock", [TestOperator.authorization], body: Array(body.utf8))
                expectProblem(answer, 503, "unavailable")
                #expect(answer.headers["retry-after"] != nil)
            }
        }
    }

    @Test("GET /admin/status says what stands, who paused the consumer and whether calls go out; the rest is null")
    func status() async throws {
        let standing = Standing()
        let status = ServiceStatus(service: .payment, standing: standing, testFaults: true)
        try await withServer({ AdminServer.make(port: $0, logger: $1, standing: standing, status: status) }) { port in
            try await blocking {
                let client = try RawClient(port)
                let usual = try client.call("GET", "/admin/status").json
                #expect(usual["service"] as? String == "payment" && usual["testFaults"] as? Bool == true)
                #expect(usual["version"] as? String == StampedeVersion.text)
                #expect(usual["paused"] is NSNull && usual["breaker"] is NSNull)
                #expect((usual["standing"] as? [Any])?.isEmpty == true)

                standing.note("outbox relay", because: "the disk is full")
                standing.note(Pause(since: Timestamp(microseconds: 1_000_000), actor: "ann", reason: "repair"))
                standing.note(
                    CircuitBreaker.Status(
                        name: "gateway", state: .open, since: Timestamp(microseconds: 0), reason: "refused"))
                standing.note(
                    Standing.Retry(
                        key: "charge:1", attempts: 3, error: "500", nextAt: Timestamp(microseconds: 2_000_000)))
                let answer = try client.call("GET", "/admin/status")
                let retries = answer.json["retries"] as? [[String: Any]]
                #expect(retries?.count == 1 && retries?.first?["key"] as? String == "charge:1")
                #expect(retries?.first?["attempts"] as? Int == 3 && retries?.first?["error"] as? String == "500")
                #expect(retries?.first?["nextAt"] as? String == "1970-01-01T00:00:02.000000Z")
                let parts = answer.json["standing"] as? [[String: String]]
                #expect(parts == [["part": "outbox relay", "reason": "the disk is full"]])
                #expect(answer["paused", "since"] == "1970-01-01T00:00:01.000000Z")
                #expect(answer["paused", "actor"] == "ann" && answer["paused", "reason"] == "repair")
                #expect(answer["breaker", "name"] == "gateway" && answer["breaker", "state"] == "open")
                expectProblem(try client.call("PUT", "/admin/status", body: []), 405, "method-not-allowed")
            }
        }
    }

    @Test("a database that takes nothing is 503, not an error of the request")
    func databaseFull() async throws {
        let directory = try TemporaryDirectory()
        let process = try ServiceProcess(OrderService.card(), settings: Settings(dataDirectory: directory.path))
        try process.node.database.read { db in
            try db.execute(sql: "PRAGMA max_page_count = \(try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0)")
        }
        let list = (0..<2000).map { #"{"productId":"P-\#($0)","name":"Tea","price":{"amount":1,"currency":"GBP"}}"# }
        let listing = ProductListing(try DatabaseReader(path: process.node.database.path))
        let action = SeedingActions.products(process, listing)
        try await withServer({ AdminServer.make(port: $0, logger: $1, actions: [action]) }) { port in
            try await blocking {
                let body = Array("{\"products\":[\(list.joined(separator: ","))]}".utf8)
                let answer = try RawClient(port).call(
                    "PUT", "/admin/products", [TestOperator.authorization], body: body)
                expectProblem(answer, 503, "unavailable")
                #expect(answer.headers["retry-after"] != nil)
            }
        }
        #expect(try process.node.database.read { try Catalog.products($0) }.isEmpty)
    }
}
