import Contracts
import Foundation
import GRDB
import Testing

@Suite("stampede order", .timeLimit(.minutes(2)))
struct CLIOrderTests {
    @Test("a finished order: events in order with causes and times, rows, gateway, messages, nothing waited for")
    func finished() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let order = CLIWorld.order(7)
            for number in 1...9 { try world.addConfirmedOrder(CLIWorld.order(UInt64(number)), at: Int64(number) * 3) }
            try world.writeAll()
            try world.write(.order) { db in
                try db.execute(
                    sql:
                        "INSERT INTO orders VALUES (?, 'c-1', 'ann@example.test', ?, 1999, 'GBP', 'k', '00', 'confirmed', NULL, 1, 2, NULL)",
                    arguments: [Data(order.bytes), #"[{"productID":"P-0001","quantity":1,"unitPrice":1999}]"#])
            }
            try world.writeMailbox(CLIWorld.stored(order, body: "Thank you"))
            let outcome = try await CLI.run("order", "\(order)", data: data)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.widest <= 80)
            #expect(outcome.output.contains("Order \(order)  confirmed"))
            #expect(outcome.output.contains("settled in 30.0 ms"))
            #expect(outcome.output.contains("Nothing is waited for."))

            let json = try await CLI.json("order", "\(order)", data: data)
            #expect(json["status"] as? String == "confirmed")
            #expect(json["settledAfterMilliseconds"] as? Double == 30)
            let events = try #require(json["events"] as? [[String: Any]])
            #expect(
                events.compactMap { $0["type"] as? String } == [
                    "v1.OrderCreated", "v1.StockReserved", "v1.PaymentSucceeded", "v1.OrderConfirmed",
                    "v1.NotificationSent",
                ])
            #expect(events.compactMap { $0["afterMilliseconds"] as? Double } == [0, 2, 25, 30, 40])
            #expect(events.map { $0["cause"] as? Int } == [nil, 1, 2, 3, 4])
            #expect((json["waitsFor"] as? [Any])?.isEmpty == true)
            #expect((json["messages"] as? [[String: Any]])?.first?["text"] as? String == "Thank you\n")
            let rows = try #require(
                ((json["databases"] as? [String: Any])?["order"] as? [String: Any])?["order"] as? [[String: Any]])
            #expect(rows.first?["orderId"] as? String == "\(order)" && rows.first?["totalAmount"] as? Int == 1999)
            // The end of the id, as `tail` shows it, is enough.
            let short = try await CLI.json("order", "…" + "\(order)".suffix(8), data: data)
            #expect(short["orderId"] as? String == "\(order)")
        }
    }

    @Test("an effect stands after its cause though its clock was behind")
    func causesFirst() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let order = CLIWorld.order(1)
            let created = try CLIWorld.created(order, at: 50)
            let reserved = try CLIWorld.reserved(created, at: 0)
            try world.append(.orders, [created])
            try world.append(.inventory, [reserved])
            let json = try await CLI.json("order", "\(order)", data: data)
            #expect(
                (json["events"] as? [[String: Any]])?.compactMap { $0["topic"] as? String } == ["orders", "inventory"])
        }
    }

    /// An order that got as far as its reservation, and what Payment's database says of it.
    private func waiting(_ prepare: (CLIWorld, Envelope) throws -> Void) async throws -> [String: Any] {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let created = try CLIWorld.created(CLIWorld.order(1), at: 0)
            let reserved = try CLIWorld.reserved(created, at: 2)
            try world.append(.orders, [created])
            try world.append(.inventory, [reserved])
            try prepare(world, reserved)
            let outcome = try await CLI.run("order", "\(CLIWorld.order(1))", data: data)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("Waits for payment: PaymentSucceeded or PaymentFailed"))
            let json = try await CLI.json("order", "\(CLIWorld.order(1))", data: data)
            #expect(json["status"] as? String == "pending")
            let waits = try #require(json["waitsFor"] as? [[String: Any]])
            #expect(waits.count == 1)
            #expect(waits[0]["service"] as? String == "payment")
            #expect(waits[0]["types"] as? [String] == ["v1.PaymentSucceeded", "v1.PaymentFailed"])
            return waits[0]
        }
    }

    private func why(_ prepare: (CLIWorld, Envelope) throws -> Void) async throws -> String {
        try #require(try await waiting(prepare)["why"] as? String)
    }

    @Test("it says why an order waits: never ran, not read, no answer, parked, dead, not published")
    func whyItWaits() async throws {
        #expect(try await why { _, _ in } == "payment-service never ran on this data directory")
        let unread = try await why { world, _ in try world.write(.payment) }
        #expect(unread == "payment-service has yet to read inventory@0; payment-service is not running")
        let unanswered = try await why { world, reserved in
            try world.setPosition(.payment, .inventory, 1)
            try world.write(.payment) { db in
                try db.execute(
                    sql: "INSERT INTO intents VALUES ('charge:1', 'charge', ?, x'00', x'00', NULL, 'open', 1)",
                    arguments: [reserved.subject])
            }
        }
        #expect(unanswered.hasPrefix("no final answer to charge:1 yet"))
        let parked = try await why { world, reserved in
            try world.write(.payment) { db in
                try db.execute(
                    sql:
                        "INSERT INTO parked VALUES (1, ?, 'inventory', 0, ?, x'00', 2, 1772366400000000, 'brokenRule', 'no such card', 1)",
                    arguments: [Data(reserved.id.bytes), reserved.subject])
            }
        }
        #expect(parked == "inventory@0 failed 2 times, next attempt at 12:00:00.000: no such card")
        let dead = try await why { world, reserved in
            try world.bury(.payment, reserved, .inventory, offset: 0)
        }
        #expect(dead.hasPrefix("inventory@0 is a dead letter (open) at payment: no such card. Look at it with"))
        #expect(dead.contains("'stampede dlq retry 0"))
        let behind = try await why { world, reserved in
            try world.bury(
                .payment, EventID(high: 1, low: 2), [0], .orders, offset: 5, type: "", subject: reserved.subject)
            try world.write(.payment) { db in
                try db.execute(
                    sql: "INSERT INTO parked VALUES (1, ?, 'inventory', 0, ?, x'00', 0, NULL, NULL, NULL, NULL)",
                    arguments: [Data(reserved.id.bytes), reserved.subject])
            }
        }
        #expect(behind.hasPrefix("inventory@0 is parked behind orders@5, a dead letter at payment: no such card."))
        let paused = try await why { world, _ in
            try world.write(.payment) { db in
                try db.execute(sql: "INSERT INTO consumer_pause VALUES (1, 1, 'ann', 'repair')")
            }
        }
        #expect(paused.hasSuffix("its consumer is paused by ann: repair ('stampede resume payment')"))
        let unpublished = try await why { world, reserved in
            let paid = try EventCoding.encode(try CLIWorld.paid(reserved, at: 9))
            try world.write(.payment) { db in
                try db.execute(sql: "INSERT INTO outbox_topics VALUES ('payments', 2, 0)")
                try db.execute(sql: "INSERT INTO outbox VALUES ('payments', 1, ?)", arguments: [Data(paid)])
            }
        }
        #expect(unpublished == "decided, not yet in the log: payment-service is not running")
    }

    @Test("a cancelled order that was paid waits for its refund")
    func waitsForRefund() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let order = CLIWorld.order(1)
            try world.addConfirmedOrder(order)
            try world.append(.orders, [try CLIWorld.event(V1.OrderCancellationRequested(), order, at: 99, by: .order)])
            let json = try await CLI.json("order", "\(order)", data: data)
            let waits = try #require(json["waitsFor"] as? [[String: Any]])
            #expect(waits.compactMap { $0["types"] as? [String] } == [["v1.PaymentRefunded"]])
        }
    }

    @Test("an order that nobody knows is exit code 1 with what to do")
    func unknownOrder() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            try world.addConfirmedOrder(CLIWorld.order(1))
            let outcome = try await CLI.run("order", "\(CLIWorld.order(2))", data: data)
            #expect(outcome.status == 1)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.contains("\(CLIWorld.order(2))") && outcome.errors.contains("stampede tail"))
        }
    }

    @Test("an ending that several orders share names them all")
    func ambiguousEnding() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let orders = [CLIWorld.order(0x1_0000_0001), CLIWorld.order(0x2_0000_0001)]
            for order in orders { try world.addConfirmedOrder(order) }
            let outcome = try await CLI.run("order", "00000001", data: data)
            #expect(outcome.status == 1)
            #expect(orders.allSatisfy { outcome.errors.contains("\($0)") })
        }
    }

    @Test("an address with control characters is printed without them")
    func hostileAddress() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            try world.append(
                .orders,
                [try CLIWorld.created(CLIWorld.order(1), at: 0, email: "\u{1B}[2Jann\u{202E}@example.test\u{9B}")])
            let outcome = try await CLI.run("order", "\(CLIWorld.order(1))", data: data)
            #expect(outcome.output.contains("[2Jann@example.test"))
            #expect(outcome.output.isHarmless)
        }
    }

    @Test("a database that is none: the story is told from the rest, the file is named, exit code 1")
    func corruptDatabase() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            try world.addConfirmedOrder(CLIWorld.order(1))
            try world.writeAll()
            try Data(repeating: 0x55, count: 4096).write(to: URL(fileURLWithPath: world.database(of: .inventory)))
            let outcome = try await CLI.run("order", "\(CLIWorld.order(1))", data: data)
            #expect(outcome.status == 1)
            #expect(outcome.output.contains("v1.StockReserved"))
            #expect(outcome.errors.contains(world.database(of: .inventory)))
        }
    }
}
