import Audit
import Contracts
import Foundation
import GRDB
import Testing

/// Invariants 7 and 8: what the dead-letter topic says and what the desk keeps are the same, and pruned ids are counted.
@Suite(.timeLimit(.minutes(15)))
struct DeskRecordTests {
    /// A shop in which an order's OrderCreated died at Inventory.
    private func shopWithLetter() throws -> (Shop, Envelope) {
        let shop = try Shop()
        _ = try shop.tellStory()
        try shop.place([("P-0001", 1)])
        try shop.publish(.order)
        let dead = try shop.die(.inventory, on: V1.OrderCreated.type, topic: .orders)
        try shop.settleAll()
        return (shop, dead)
    }

    private func said(_ shop: Shop, _ payload: some EventPayload, about letter: Envelope? = nil) throws {
        try shop.say(.inventory, try shop.event(payload, subject: letter?.subject ?? "any", by: .inventory))
    }

    @Test("redriven in the table, and never said on the topic: 8")
    func redrivenInSilence() throws {
        let (shop, dead) = try shopWithLetter()
        defer { shop.remove() }
        try shop.redrive(.inventory, dead.id, announced: false)
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [8], "\(report.words)")
        #expect(report[8].violationsTotal == 1)
        #expect(report[8].violations.first?.message.contains("never said so on inventory.dlq") == true)
    }

    @Test("redriven on its way to the topic is in order")
    func redrivenOnItsWay() throws {
        let (shop, dead) = try shopWithLetter()
        defer { shop.remove() }
        try shop.redrive(.inventory, dead.id)
        let report = try shop.audit()
        #expect(report.broken.isEmpty && report.verdict == .unknown, "\(report.words)")
    }

    @Test("discarded on the topic, and open in the table: 8")
    func openInTheTable() throws {
        let (shop, dead) = try shopWithLetter()
        defer { shop.remove() }
        try said(
            shop, V1.DeadLetterDiscarded(service: .inventory, eventID: dead.id, actor: "ann", reason: "hopeless"),
            about: dead)
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [8], "\(report.words)")
        #expect(report[8].violations.first?.message == "discarded on inventory.dlq, and open at the desk of inventory")
    }

    @Test("settled twice on the topic: 8")
    func settledTwice() throws {
        let (shop, dead) = try shopWithLetter()
        defer { shop.remove() }
        try shop.redrive(.inventory, dead.id)
        try said(
            shop, V1.DeadLetterRedriven(service: .inventory, eventID: dead.id, wasDuplicate: true, actor: "ann"))
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [8], "\(report.words)")
        #expect(report[8].violations.first?.message == "DeadLetterRedriven of a letter that was redriven before")
    }

    @Test("an action on a letter that never lay there: 8")
    func neverDied() throws {
        let (shop, _) = try shopWithLetter()
        defer { shop.remove() }
        try said(
            shop,
            V1.DeadLetterRedriven(service: .inventory, eventID: shop.newID(), wasDuplicate: false, actor: "ann"))
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [8], "\(report.words)")
        #expect(report[8].violations.first?.message.contains("never lay at the desk") == true)
    }

    @Test("an action without a record of who did it: 8")
    func noRecord() throws {
        let (shop, dead) = try shopWithLetter()
        defer { shop.remove() }
        try shop.redrive(.inventory, dead.id)
        try shop.settleAll()
        #expect(try shop.audit().verdict == .valid)
        try shop.edit(.inventory, "DELETE FROM dead_letter_actions")
        let report = try shop.audit()
        #expect(report.broken == [8], "\(report.words)")
        #expect(report[8].violations.first?.message.contains("no record of who retried") == true)
    }

    @Test("the bytes that a service will act on are the log's: another byte in its copy breaks 6")
    func otherCopies() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.place([("P-0001", 1)])
        try shop.publish(.order)
        // What follows of the order is parked behind it.
        try shop.die(.analytics, on: V1.OrderCreated.type, topic: .orders)
        try shop.settleAll()
        let honest = try shop.audit()
        #expect(honest.verdict == .valid, "\(honest.words)")
        for table in ["parked", "dead_letters"] {
            try shop.edit(.analytics, "UPDATE \(table) SET event = CAST(event || x'20' AS BLOB)")
            let report = try shop.audit()
            let words = "the copy in \(table) of analytics"
            #expect(report[6].violations.contains { $0.message.contains(words) }, "\(table): \(report.words)")
            try shop.edit(.analytics, "UPDATE \(table) SET event = substr(event, 1, length(event) - 1)")
        }
        #expect(try shop.audit().verdict == .valid)
    }

    @Test("an edit is the one that was said: other bytes at the desk break 8")
    func edited() throws {
        let (shop, dead) = try shopWithLetter()
        defer { shop.remove() }
        var corrected = dead
        corrected.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
        try shop.correct(.inventory, dead.id, corrected)
        try shop.settleAll()
        let open = try shop.audit()
        #expect(open.verdict == .valid, "\(open.words)")
        try shop.redrive(.inventory, dead.id)
        try shop.settleAll()
        let redriven = try shop.audit()
        #expect(redriven.verdict == .valid, "\(redriven.words)")
        try shop.edit(.inventory, "UPDATE dead_letters SET corrected = event")
        #expect(try shop.audit().broken == [7, 8], "and what followed from the edit does not follow from the event")
    }

    @Test("an effect of a type that only the edit made possible is legal; without the edit it breaks 7")
    func editedType() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let order = try shop.place([("P-0001", 1)])
        try shop.settleAll(without: [.inventory, .analytics])
        // Payment's word in a version that Inventory does not know; its edit makes it one that it does.
        try shop.consume(.inventory, topic: .orders)
        try shop.settleAll(without: [.inventory, .payment, .analytics])
        try shop.publish(.inventory)
        let reserved = try shop.event(V1.StockReserved.type, of: order).event
        var future = try shop.event(
            V1.PaymentFailed(reason: .declined, declineCode: nil), order, by: .payment, cause: reserved)
        let known = future
        future.type = "v9.PaymentFailed"
        future.id = shop.newID()
        var twin = known
        twin.twinOf = future.id
        try shop.skip(.payment, topic: .inventory, marking: true)
        try shop.say(.payment, future)
        let dead = try shop.die(.inventory, topic: .payments)
        var corrected = dead
        corrected.type = V1.PaymentFailed.type
        try shop.correct(.inventory, dead.id, corrected)
        try shop.redrive(.inventory, dead.id)
        try shop.publish(.inventory)
        let report = try shop.audit()
        #expect(!report.broken.contains(7), "\(report.words)")
        try shop.edit(.inventory, "UPDATE dead_letters SET corrected = NULL")
        #expect(try shop.audit().broken.contains(7))
    }

    // MARK: - Imports

    @Test(
        "an imported letter need not stand in the topic, and what it causes is legal; of a letter of the log it is not")
    func imported() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let order = try shop.place([("P-0001", 1)])
        try shop.publish(.order)
        try shop.skip(.inventory, topic: .orders, marking: true)
        var copy = try shop.event(V1.OrderCreated.type, of: order).event
        copy.id = shop.newID()
        try shop.importLetter(.inventory, copy, Shop.Place(topic: .orders, offset: 4711))
        try shop.redrive(.inventory, copy.id)
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.verdict == .valid, "\(report.words)")
        try shop.edit(.inventory, "UPDATE dead_letters SET origin = 'log'")
        #expect(try shop.audit().broken == [7, 8])
    }

    // MARK: - Pruned ids

    @Test("pruned ids are counted; one too many or too few breaks 8", arguments: [0, 1, -1])
    func pruned(off: Int) throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let middle = try shop.event(V1.OrderConfirmed.type, of: story.multiLine).event
        for (service, topic) in [(ServiceName.analytics, Topic.orders), (.notification, .orders)] {
            try shop.prune(service, topic, below: middle.id)
        }
        if off != 0 { try shop.edit(.analytics, "UPDATE inbox_pruned SET ids = ids + ?", [off]) }
        let report = try shop.audit()
        #expect(report.broken == (off == 0 ? [] : [8]), "\(report.words)")
        if off != 0 {
            #expect(report[8].violationsTotal == 1 && report[8].violations.first?.file == "db/analytics/analytics.db")
        }
    }

    @Test("an id that is gone above the mark of pruning breaks 8")
    func goneAboveTheMark() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let first = try shop.event(V1.OrderCreated.type, of: story.confirmed).event
        let later = try shop.event(V1.OrderCreated.type, of: story.refunded).event
        try shop.prune(.inventory, .orders, below: EventID(high: first.id.high, low: first.id.low + 1))
        #expect(try shop.audit().verdict == .valid)
        try shop.edit(.inventory, "DELETE FROM inbox WHERE event_id = ?", [Data(later.id.bytes)])
        let report = try shop.audit()
        #expect(report.broken == [8], "\(report.words)")
        #expect(report[8].violations.first?.event == later.id.description)
    }

    @Test("a paused consumer says why it does not read")
    func paused() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.place([("P-0001", 1)])
        try shop.settleAll(without: [.inventory])
        try shop.edit(.inventory, "INSERT INTO consumer_pause VALUES (1, 0, 'ann', 'a look at the shelves')")
        let report = try shop.audit()
        #expect(report.broken.isEmpty && report.verdict == .unknown, "\(report.words)")
        #expect(report[8].waits.contains { $0.message.contains("paused by ann: a look at the shelves") })
    }
}
