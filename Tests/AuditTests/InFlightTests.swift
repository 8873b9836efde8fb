import Audit
import Contracts
import Foundation
import GRDB
import Synchronization
import Testing
import TestSupport

/// A shop that is still at work is UNKNOWN, never INVALID.
@Suite(.timeLimit(.minutes(15)))
struct InFlightTests {
    @Test(
        "stopped after any step, the audit says UNKNOWN or VALID, and VALID at the end",
        arguments: Histories.seeds(3))
    func afterAnyStep(seed: UInt64) throws {
        let shop = try Shop(seed: seed)
        defer { shop.remove() }
        try shop.stock("P-0001", 3)
        try shop.stock("P-0002", 2)
        var orders = [
            try shop.place([("P-0001", 1)]), try shop.place([("P-0001", 1), ("P-0002", 2)], currency: "EUR"),
            try shop.place([("P-0002", 2)]), try shop.place([("P-0001", 1)], card: "tok_chargeDeclined"),
        ]
        var step = 0
        while let next = try shop.steps().randomElement(using: &shop.random) {
            try shop.take(next)
            step += 1
            // Some customers change their minds, at any time.
            if step % 23 == 0, let order = orders.popLast(), shop.books.orders[order]?.status != "cancelled" {
                try shop.requestCancellation(order)
            }
            guard step % 5 == 0 else { continue }
            let report = try shop.audit()
            #expect(report.broken.isEmpty, "after step \(step), \(next):\n\(report.words)")
        }
        #expect(try shop.audit().verdict == .valid)
    }

    @Test("an order on its way is named with the service and the event it waits for")
    func waitsFor() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let order = try shop.place([("P-0001", 1)])
        try shop.settleAll(without: [.payment])
        let report = try shop.audit()
        #expect(report.verdict == .unknown, "\(report.words)")
        #expect(report.verdict.exitCode == 4)
        let found = try #require(report[2].waits.first)
        #expect(found.order == order.description && found.service == "payment")
        #expect(found.message.contains("payment: PaymentSucceeded or PaymentFailed"))
        #expect(
            report[8].waits.contains { $0.service == "payment" && $0.message.contains("1 event of inventory to read") }
        )
    }

    @Test("a charge whose answer is not settled yet makes 4 unknown, not true")
    func openCharge() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let order = try shop.place([("P-0001", 1)])
        while shop.books.calls.isEmpty, let step = try shop.steps().first { try shop.take(step) }
        try shop.answer(0)
        let report = try shop.audit()
        #expect(report.broken.isEmpty && report.unknown.contains(4), "\(report.words)")
        #expect(report[4].waits.contains { $0.order == order.description && $0.message.contains("charge:\(order)") })
    }

    @Test("mail that was delivered and not settled yet is explained by its call on record")
    func openDelivery() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.place([("P-0001", 1)])
        try shop.settleAll(without: [.notification])
        while try shop.consume(.notification, topic: .orders) {}
        try shop.answer(0)
        let report = try shop.audit()
        #expect(report.broken.isEmpty && report.unknown.contains(5), "\(report.words)")
        #expect(report[5].waits.contains { $0.file == "mail/outbox.mbox" })
        try shop.settleAll()
        #expect(try shop.audit().verdict == .valid)
    }

    @Test("an event that is parked until its next attempt makes its order wait; an open dead letter explains it")
    func setAside() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let orders = [try shop.place([("P-0001", 1)]), try shop.place([("P-0001", 1)])]
        try shop.publish(.order)
        let created = try orders.map { try shop.event(V1.OrderCreated.type, of: $0) }
        for _ in created { try shop.skip(.inventory, topic: .orders, marking: false) }
        try shop.edit(
            .inventory, "INSERT INTO parked VALUES (1, ?, 'orders', ?, ?, ?, 1, 5, 'brokenRule', 'planted', 1)",
            [
                Data(created[0].event.id.bytes), Int64(created[0].offset), orders[0].description,
                Data(try EventCoding.encode(created[0].event)),
            ])
        try shop.bury(.inventory, created[1].event, Shop.Place(topic: .orders, offset: created[1].offset))
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken.isEmpty, "\(report.words)")
        #expect(
            report[2].waits.contains { $0.order == orders[0].description && $0.message.contains("parked at inventory") }
        )
        #expect(
            report[2].explained.contains {
                $0.order == orders[1].description && $0.message.contains("a dead letter at inventory")
            })
        #expect(!report[2].waits.contains { $0.order == orders[1].description })
    }

    @Test("a service that never started has everything to read")
    func neverStarted() throws {
        let shop = try Shop()
        defer { shop.remove() }
        try shop.stock("P-0001", 5)
        try shop.place([("P-0001", 1)])
        try shop.settleAll(without: [.notification])
        try shop.stop()
        try FileManager.default.removeItem(atPath: shop.directory + "/db/notification")
        let report = try shop.audit()
        #expect(report.broken.isEmpty && report.unknown.contains(5) && report.unknown.contains(8), "\(report.words)")
        #expect(report[8].waits.contains { $0.service == "notification" })
        #expect(report[8].notes == ["notification has no database: it never started"])
    }

    @Test(
        "whatever the shop does between two readings of the evidence, nothing is called broken",
        arguments: Histories.seeds(6))
    func betweenReadings(seed: UInt64) throws {
        let shop = try Shop(seed: seed)
        defer { shop.remove() }
        try shop.stock("P-0001", 30)
        var orders: [OrderID] = []
        for round in 0..<8 {
            let card = round % 4 == 3 ? "tok_chargeDeclined" : "tok_visa"
            orders.append(try shop.place([("P-0001", round == 5 ? 50 : 1)], card: card))
            let report = try Audit(dataDirectory: shop.directory, rebuilder: nil).run { stage in
                if stage == .databases || stage == .ends { orders.append(try shop.place([("P-0001", 1)])) }
                if stage == .topics, let order = orders.first, shop.books.orders[order]?.status == "confirmed" {
                    try shop.requestCancellation(orders.removeFirst())
                }
                for _ in 0..<Int.random(in: 1...25, using: &shop.random) {
                    guard let step = try shop.steps().randomElement(using: &shop.random) else { break }
                    try shop.take(step)
                }
            }
            #expect(report.broken.isEmpty, "in round \(round):\n\(report.words)")
        }
        try shop.settleAll()
        #expect(try shop.audit().verdict == .valid)
    }

    @Test(
        "whatever dies, is redriven or handed in between two readings, nothing is called broken; VALID in the end",
        arguments: Histories.seeds(4))
    func deskBetweenReadings(seed: UInt64) throws {
        let shop = try Shop(seed: seed)
        defer { shop.remove() }
        try shop.stock("P-0001", 30)
        var letters: [(service: ServiceName, id: EventID)] = []
        for round in 0..<8 {
            let order = try shop.place([("P-0001", 1)], card: round % 4 == 3 ? "tok_chargeDeclined" : "tok_visa")
            let report = try Audit(dataDirectory: shop.directory, rebuilder: nil).run { stage in
                if round == 5, stage == .databases {
                    // Nobody acts on it, and Order must never say it.
                    var event = try shop.event(V1.OrderCancellationRequested(), order, by: .order)
                    event.type = V1.OrderStuck.type
                    try shop.inject(.order, event)
                    try shop.publish(.order)
                }
                for _ in 0..<Int.random(in: 1...12, using: &shop.random) {
                    if let letter = try shop.dieSomewhere(oneIn: 6) { letters.append(letter) }
                    if !letters.isEmpty, Int.random(in: 0..<6, using: &shop.random) == 0 {
                        let letter = letters.remove(at: Int.random(in: letters.indices, using: &shop.random))
                        try shop.redrive(letter.service, letter.id)
                    }
                    guard let step = try shop.steps().randomElement(using: &shop.random) else { break }
                    try shop.take(step)
                }
            }
            #expect(report.broken.isEmpty, "in round \(round):\n\(report.words)")
        }
        try shop.settleAll()
        let held = try shop.audit()
        #expect(held.verdict == .valid, "\(held.words)")
        #expect(held.desk.letters == letters.count)
        for letter in letters { try shop.redrive(letter.service, letter.id) }
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.verdict == .valid, "\(report.words)")
    }

    @Test("audits of a shop at full work never call it broken")
    func moving() throws {
        let shop = try Shop(seed: 7)
        defer { shop.remove() }
        let auditor = Auditor(shop.directory)
        auditor.start()
        do {
            defer { auditor.stop() }
            try shop.stock("P-0001", 40)
            for round in 0..<25 {
                let order = try shop.place([("P-0001", 1)], card: round % 5 == 4 ? "tok_chargeDeclined" : "tok_visa")
                for _ in 0..<12 {
                    guard let step = try shop.steps().randomElement(using: &shop.random) else { break }
                    try shop.take(step)
                }
                if round % 6 == 5 { try shop.requestCancellation(order) }
            }
            try shop.settleAll()
        }
        let reports = try auditor.reports.withLock { try $0.get() }
        #expect(reports.count > 3)
        for report in reports { #expect(report.broken.isEmpty, "\(report.words)") }
        #expect(try shop.audit().verdict == .valid)
    }
}

/// Audits again and again on a thread of its own.
private final class Auditor: Sendable {
    let reports = Mutex(Result<[AuditReport], any Error>.success([]))
    private let directory: String
    private let isDone = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)

    init(_ directory: String) {
        self.directory = directory
    }

    func start() {
        Thread.detachNewThread { [self] in
            while !isDone.load(ordering: .relaxed) {
                let report = Result { try Audit(dataDirectory: directory, rebuilder: nil).run() }
                reports.withLock { reports in reports = reports.flatMap { all in report.map { all + [$0] } } }
            }
            ended.signal()
        }
    }

    func stop() {
        isDone.store(true, ordering: .relaxed)
        ended.wait()
    }
}
