import Foundation
import Synchronization
import Testing
import TestSupport

@testable import flash_sale

@Suite("A worker against a shop")
struct WorkerTests {
    /// Quick manners, so that patience ends within a test.
    private static let manners = Shopper.Manners(
        patienceNanoseconds: 20_000_000_000, answerTimeoutNanoseconds: 10_000_000_000,
        shortestBackoffNanoseconds: 1_000_000, longestBackoffNanoseconds: 20_000_000)
    static let prices = Catalogue(products: 10, seed: 42).products

    static func plan(shoppers: Int, run: String = "sale-1-42") -> SalePlan {
        SalePlan(
            run: run, seed: 42,
            schedule: Schedule(shoppers: shoppers, arrivalNanoseconds: 100_000_000, pattern: .even, seed: 42),
            products: 10, maximumLines: 1, declineShare: 0)
    }

    private static func run(
        _ plan: SalePlan, port: Int, directory: String, manners: Shopper.Manners = manners,
        connectionLimit: Int = 1_000,
        host: String = "127.0.0.1", find: @escaping ServerDirectory.Find = { try ServerAddress(host: $0, port: $1) }
    ) async throws -> (WorkerResult, [JournalFile.Entry]) {
        let journal = directory + "/acknowledged.jsonl"
        let workerPlan = WorkerPlan(
            host: host, port: port, sourceAddresses: ["127.0.0.2", "127.0.0.3"], manners: manners,
            connectionLimit: connectionLimit)
        let result = try await onThread {
            try Worker(
                plan: workerPlan, visits: SaleVisits(plan: plan, worker: 0, of: 1, port: port),
                journal: Journal(path: journal), seed: 1, find: find, onProgress: { _ in }
            ).run(startingAt: Worker.now + 10_000_000)
        }
        return (result, try JournalFile.entries(at: journal))
    }

    /// The total of a request's body.
    static func total(_ request: FakeShop.Request) -> Int64 {
        prices.filter { request.body.contains("\"\($0.id)\"") }.reduce(0) { $0 + $1.price }
    }

    private static let accepting: @Sendable (FakeShop, FakeShop.Request) -> FakeShop.Reply = { shop, request in
        shop.receipt(for: request.key ?? "", total: total(request))
    }

    @Test(
        "every shopper sends one request on its own connection and is accepted and journaled", .timeLimit(.minutes(5)))
    func acceptsAll() async throws {
        try await withTemporaryDirectory { directory in
            try await FakeShop.open(reply: Self.accepting) { shop in
                let plan = Self.plan(shoppers: 500)
                let (result, journal) = try await Self.run(plan, port: shop.port, directory: directory)
                #expect(result.tally.accepted == 500)
                #expect(result.tally.sent == 500)
                #expect(result.accept.count == 500)
                #expect(result.tally.open == 0)
                #expect((result.openBySlot.max() ?? 0) >= 1)
                #expect(shop.requests.count == 500)
                #expect(shop.requests.allSatisfy { $0.method == "POST" && $0.path == "/v1/orders" && $0.closes })
                #expect(Set(journal.map(\.key)) == Set((0..<500).map(plan.key(of:))))
                for entry in journal { #expect(shop.orders[entry.key] == entry.order) }
            }
        }
    }

    @Test(
        "a shopper whose answer was lost, or who met a 503, comes back with the same key and body",
        .timeLimit(.minutes(5)))
    func comesBack() async throws {
        try await withTemporaryDirectory { directory in
            try await FakeShop.open(
                reply: { shop, request in
                    switch request.repetition {
                    case 0: .answer(503, headers: [("Retry-After", "0")])
                    case 1: .hangUp
                    default: Self.accepting(shop, request)
                    }
                },
                { shop in
                    let (result, journal) = try await Self.run(
                        Self.plan(shoppers: 100), port: shop.port, directory: directory)
                    #expect(result.tally.accepted == 100)
                    #expect(result.tally.unavailable == 100)
                    #expect(result.tally.lostAnswers == 100)
                    #expect(result.tally.sent == 100)
                    #expect(journal.count == 100)
                    let byKey = Dictionary(grouping: shop.requests, by: \.key)
                    #expect(byKey.count == 100)
                    #expect(byKey.values.allSatisfy { $0.count == 3 && Set($0.map(\.body)).count == 1 })
                })
        }
    }

    @Test("latency counts from the intended time, whatever the shop does in between", .timeLimit(.minutes(5)))
    func latencyFromIntendedTime() async throws {
        try await withTemporaryDirectory { directory in
            try await FakeShop.open(
                reply: { shop, request in
                    request.repetition == 0
                        ? .answer(503, headers: [("Retry-After", "1")]) : Self.accepting(shop, request)
                },
                { shop in
                    let (result, _) = try await Self.run(Self.plan(shoppers: 20), port: shop.port, directory: directory)
                    #expect(result.accept.milliseconds(at: 1) >= 1_000)
                })
        }
    }

    @Test("a final refusal is counted by its reason, with a sample, and is no order", .timeLimit(.minutes(5)))
    func refusals() async throws {
        try await withTemporaryDirectory { directory in
            try await FakeShop.open(
                reply: { shop, request in
                    request.key?.hasSuffix("7") == true
                        ? .answer(422, body: "{\"title\":\"Unknown product\",\"status\":422}")
                        : Self.accepting(shop, request)
                },
                { shop in
                    let (result, journal) = try await Self.run(
                        Self.plan(shoppers: 100), port: shop.port, directory: directory)
                    #expect(result.refusals == ["422 Unknown product": 10])
                    #expect(result.samples["422 Unknown product"]?.contains("Unknown product") == true)
                    #expect(result.tally.accepted == 90)
                    #expect(journal.count == 90)
                })
        }
    }

    @Test("a shop that never lets up: everybody gives up and is counted", .timeLimit(.minutes(5)))
    func givesUp() async throws {
        try await withTemporaryDirectory { directory in
            try await FakeShop.open(reply: { _, _ in .answer(503, headers: [("Retry-After", "0")]) }) { shop in
                var manners = Self.manners
                manners.patienceNanoseconds = 300_000_000
                let (result, journal) = try await Self.run(
                    Self.plan(shoppers: 50), port: shop.port, directory: directory, manners: manners)
                #expect(result.tally.gaveUp == 50)
                #expect(result.tally.notSent == 0)
                #expect(journal.isEmpty)
            }
        }
    }

    @Test("a shop that never answers: answers count as lost, and patience ends", .timeLimit(.minutes(5)))
    func silence() async throws {
        try await withTemporaryDirectory { directory in
            try await FakeShop.open(reply: { _, _ in .silence }) { shop in
                var manners = Self.manners
                manners.patienceNanoseconds = 6_000_000_000
                manners.answerTimeoutNanoseconds = 500_000_000
                let (result, _) = try await Self.run(
                    Self.plan(shoppers: 5), port: shop.port, directory: directory, manners: manners)
                #expect(result.tally.gaveUp == 5)
                #expect(result.tally.lostAnswers >= 10)
            }
        }
    }

    @Test("nobody listens: connects are retried, and whoever never got through was not sent", .timeLimit(.minutes(5)))
    func nobodyListens() async throws {
        try await withTemporaryDirectory { directory in
            let port = try await FakeShop.open(reply: { _, _ in .silence }) { $0.port }
            var manners = Self.manners
            manners.patienceNanoseconds = 3_000_000_000
            let (result, _) = try await Self.run(
                Self.plan(shoppers: 20), port: port, directory: directory, manners: manners)
            #expect(result.tally.notSent == 20)
            #expect(result.tally.sent == 0)
            #expect(result.tally.connectRetries > 20)
        }
    }

    @Test("a worker holds no more connections than it may, and still serves everybody", .timeLimit(.minutes(5)))
    func connectionLimit() async throws {
        try await withTemporaryDirectory { directory in
            try await FakeShop.open(reply: Self.accepting) { shop in
                let (result, _) = try await Self.run(
                    Self.plan(shoppers: 300), port: shop.port, directory: directory, connectionLimit: 3)
                #expect(result.tally.accepted == 300)
                #expect((result.openBySlot.max() ?? 0) <= 3)
                #expect(shop.peak <= 6)
            }
        }
    }

    @Test("an order whose journal line cannot be kept is never reported as accepted", .timeLimit(.minutes(5)))
    func journalFails() async throws {
        // /dev/full takes no byte: every write ends in ENOSPC.
        let seen = Mutex(0)
        try await FakeShop.open(reply: Self.accepting) { shop in
            let port = shop.port
            await #expect(throws: JournalError.self) {
                _ = try await onThread {
                    try Worker(
                        plan: WorkerPlan(port: port, sourceAddresses: [], manners: Self.manners, connectionLimit: 100),
                        visits: SaleVisits(plan: Self.plan(shoppers: 20), worker: 0, of: 1, port: port),
                        journal: Journal(path: "/dev/full", mustBeNew: false), seed: 1,
                        onProgress: { tally in seen.withLock { $0 = max($0, tally.accepted) } }
                    ).run(startingAt: Worker.now)
                }
            }
            #expect(!shop.orders.isEmpty)
            #expect(seen.withLock { $0 } == 0)
        }
    }

    @Test("a shop that came back at another address is found by its name", .timeLimit(.minutes(5)))
    func moved() async throws {
        try await withTemporaryDirectory { directory in
            try await FakeShop.open(reply: Self.accepting) { shop in
                let looks = Mutex(0)
                let (result, _) = try await Self.run(
                    Self.plan(shoppers: 20), port: shop.port, directory: directory, host: "order-service"
                ) { _, port in
                    // The shop listens at 127.0.0.1 only: at the first address nobody does.
                    let look = looks.withLock {
                        $0 += 1
                        return $0
                    }
                    return try ServerAddress(host: look == 1 ? "127.0.0.9" : "127.0.0.1", port: port)
                }
                #expect(result.tally.accepted == 20)
                #expect(result.tally.connectRetries > 0)
            }
        }
    }

    @Test("a journal is never written over", .timeLimit(.minutes(5)))
    func journalIsNew() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/journal.jsonl"
            try Data("kept\n".utf8).write(to: URL(fileURLWithPath: path))
            #expect(throws: JournalError.self) { _ = try Journal(path: path) }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "kept\n")
        }
    }
}
