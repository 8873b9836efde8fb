import Contracts
import Delivery
import EventLog
import Testing

@testable import NotificationService

/// Messages to whoever runs the shop.
@Suite("Notification: alerts")
struct NotificationAlertTests {
    private func service(_ file: FaultyFile) throws -> ServiceHarness {
        let harness = try ServiceHarness(NotificationService.card(operatorAddress: "on-call@example.test"))
        let runner = try MailRunner(node: harness.node, channel: MboxChannel(file: file))
        harness.parts = [{ try runner.turn() == .worked }]
        return harness
    }

    private func letter(_ harness: ServiceHarness, _ error: String, at service: ServiceName = .payment) throws {
        let order = harness.newOrderID()
        let event = Envelope(
            id: order.rebound(), source: "/test", type: V1.StockReserved.type, subject: order.description,
            time: harness.clock.now(), correlationID: order.rebound(), data: [])
        try harness.emit(
            V1.EventDeadLettered(
                service: service, eventID: event.id, topic: "inventory", offset: 7,
                event: try EventCoding.encode(event), errorKind: "broken-rule", error: error, attempts: 1),
            order: order, on: service.deadLetterTopic)
    }

    @Test("the first letter of a group is told, then the tenth and the hundredth; nothing is said on the topic")
    func powersOfTen() throws {
        let file = FaultyFile()
        let harness = try service(file)
        for number in 0..<100 { try letter(harness, "order \(number) asks for 'x\(number)'") }
        try harness.runUntilIdle()
        let messages = try Mailbox(bytes: file.bytes).messages
        #expect(messages.count == 3)
        #expect(messages.allSatisfy { $0.to.contains("on-call@example.test") && $0.defects.isEmpty })
        #expect(
            messages.map(\.subject) == [
                "[Stampede] payment: a dead letter, v1.StockReserved",
                "[Stampede] payment: 10 dead letters, v1.StockReserved",
                "[Stampede] payment: 100 dead letters, v1.StockReserved",
            ])
        #expect(messages.first?.text.contains("stampede dlq show") == true)
        #expect(try harness.events(.notifications).isEmpty)
        #expect(try harness.domain() == harness.rebuiltDomain(seed: 3))
    }

    @Test("each group, by service and by what is wrong, is told of by itself")
    func groups() throws {
        let file = FaultyFile()
        let harness = try service(file)
        try letter(harness, "no stock")
        try letter(harness, "no order")
        try letter(harness, "no stock", at: .order)
        try harness.runUntilIdle()
        #expect(try Mailbox(bytes: file.bytes).messages.count == 3)
    }

    @Test("its own dead letters are told of, too, though it reads no topic of its own")
    func own() throws {
        let file = FaultyFile()
        let harness = try service(file)
        try harness.emit(bytes: [1, 2, 3], on: .orders)
        try harness.runUntilIdle()
        let messages = try Mailbox(bytes: file.bytes).messages
        #expect(messages.map(\.subject) == ["[Stampede] notification: a dead letter, bytes that are no event"])
    }

    @Test("no alert waits behind what it reports: bytes that four services cannot read are four messages")
    func sameBytes() throws {
        let file = FaultyFile()
        let harness = try service(file)
        try harness.emit(bytes: [1, 2, 3], on: .orders)
        try harness.runUntilIdle()
        let own = try #require(try harness.events(.deadLetters(of: .notification)).first)
        let letter = try V1.EventDeadLettered.decoded(from: own.data)
        for service in [ServiceName.inventory, .payment, .analytics] {
            var same = letter
            same.service = service
            try harness.emit(same, subject: own.subject, on: service.deadLetterTopic)
        }
        try harness.runUntilIdle()
        #expect(
            Set(try Mailbox(bytes: file.bytes).messages.map(\.subject))
                == Set(
                    ["notification", "inventory", "payment", "analytics"].map {
                        "[Stampede] \($0): a dead letter, bytes that are no event"
                    }))
        #expect(try harness.count("SELECT count(*) FROM parked") == 0)
    }

    @Test("an order's letters are told of while Notification's own event of that order is dead")
    func sameOrder() throws {
        let file = FaultyFile()
        let harness = try service(file)
        let order = harness.newOrderID()
        var broken = try harness.emit(Sample.confirmed(), order: order, on: .inventory)
        broken.data = Array("{}".utf8)
        try harness.emit(broken, on: .orders)
        try harness.runUntilIdle()
        try harness.emit(
            V1.EventDeadLettered(
                service: .analytics, eventID: broken.id, topic: "orders", offset: 0,
                event: try EventCoding.encode(broken), errorKind: "broken-rule", error: "no", attempts: 1),
            order: order, on: .deadLetters(of: .analytics))
        try harness.emit(Sample.cancelled(.refunded), order: order, on: .orders)
        try harness.runUntilIdle()
        let subjects = try Mailbox(bytes: file.bytes).messages.map(\.subject)
        #expect(subjects.count == 2 && subjects.allSatisfy { $0.hasPrefix("[Stampede] ") }, "\(subjects)")
        #expect(try harness.count("SELECT count(*) FROM parked") == 1, "the order's own event waits as before")
    }

    @Test("a letter delivered twice is counted once, and a message is written once over a restart")
    func once() throws {
        let file = FaultyFile()
        let harness = try service(file)
        try letter(harness, "no stock")
        let event = try #require(try harness.events(.deadLetters(of: .payment)).first)
        try harness.emit(event, on: .deadLetters(of: .payment))
        try harness.runUntilIdle()
        try harness.restart()
        let runner = try MailRunner(node: harness.node, channel: MboxChannel(file: file))
        harness.parts = [{ try runner.turn() == .worked }]
        try harness.runUntilIdle()
        #expect(try Mailbox(bytes: file.bytes).messages.count == 1)
        #expect(try harness.count("SELECT letters FROM alerts") == 1)
    }
}
