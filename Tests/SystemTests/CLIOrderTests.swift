import Contracts
import Foundation
import GRDB
import Synchronization
import Testing
import TestSupport

@Suite("stampede order", .timeLimit(.minutes(5)))
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
            #expect(try await CLI.screen("order", "\(order)", data: data).widest <= 80)
            #expect(outcome.output.contains("Order \(order)  confirmed"))
            #expect(outcome.output.contains("settled in 30.0 ms"))
            #expect(outcome.output.contains("Nothing is waited for."))

            let json = try await CLI.json("order", "\(order)", data: data)
            #expect(json["status"] as? String == "confirmed")
            #expect(json["settledAfterMilliseconds"] as? Double == 30)
            let events = try #require(json["events"] as? [[String: Any]])
            #expect(events.compactMap { $0["service"] as? String }.last == "notification")
            // Waiting and working fill the time between cause and effect.
            let spent = events.dropFirst().map {
                ($0["waitedMilliseconds"] as? Double ?? -1) + ($0["workedMilliseconds"] as? Double ?? -1)
            }
            #expect(spent == [2, 23, 5, 10])
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
            try #require(waits.count > 0)
            #expect(waits.count == 1)
            #expect(waits[0]["service"] as? String == "payment")
            #expect(waits[0]["types"] as? [String] == ["v1.PaymentSucceeded", "v1.PaymentFailed"])
            return waits[0]
        }
    }

    private struct Why {
        let cause: String
        let text: String
        let commands: [String]
    }

    private func why(_ prepare: (CLIWorld, Envelope) throws -> Void) async throws -> Why {
        let wait = try await waiting(prepare)
        return Why(
            cause: try #require(wait["cause"] as? String), text: try #require(wait["why"] as? String),
            commands: try #require(wait["commands"] as? [String]))
    }

    private static func park(
        _ event: EventID, _ subject: String, at arrival: Int, offset: Int, next: Int64?, _ db: Database
    ) throws {
        try db.execute(
            sql: "INSERT INTO parked VALUES (?, ?, 'inventory', ?, ?, x'00', 2, ?, ?, ?, 1)",
            arguments: [
                arrival, Data(event.bytes), offset, subject, next, next.map { _ in "brokenRule" },
                next.map { _ in "no such card" },
            ])
    }

    @Test("it says why an order waits: never ran, not read, paused, no answer")
    func whyItIsNotRead() async throws {
        let never = try await why { _, _ in }
        #expect(never.cause == "neverRan" && never.text == "payment-service never ran on this data directory")
        let unread = try await why { world, _ in try world.write(.payment) }
        #expect(unread.cause == "down")
        #expect(
            unread.text.hasPrefix(
                "payment-service has yet to read inventory@0; payment-service is not running, its last"))
        #expect(unread.commands.first?.hasPrefix("Scripts/supervisor start payment --data ") == true)
        let paused = try await why { world, _ in
            try world.write(.payment) { db in
                try db.execute(sql: "INSERT INTO consumer_pause VALUES (1, 1, 'ann', 'repair')")
            }
        }
        #expect(paused.cause == "paused" && paused.text.contains("its consumer is paused by ann: repair"))
        #expect(paused.commands.first?.hasPrefix("stampede resume payment --data ") == true)
        let unanswered = try await why { world, reserved in
            try world.setPosition(.payment, .inventory, 1)
            try world.write(.payment) { db in
                try db.execute(
                    sql: "INSERT INTO intents VALUES ('charge:1', 'charge', ?, x'00', x'00', NULL, 'open', 1)",
                    arguments: [reserved.subject])
            }
        }
        #expect(
            unanswered.cause == "down" && unanswered.text.hasPrefix("no final answer to charge:1 yet, on record for"))
        let silent = try await why { world, _ in try world.setPosition(.payment, .inventory, 1) }
        #expect(silent.cause == "unexplained" && silent.text.contains("has read inventory@0 and nothing followed"))
    }

    @Test("it says why an order waits: the gateway does not run, though its service does and has not tried it yet")
    func whyTheGatewayIsDown() async throws {
        let processes = Mutex<[StandInProcess]>([])
        let down = try await why { world, reserved in
            let payment = try StandInProcess("payment-service", of: world.data)
            processes.withLock { $0.append(payment) }
            try world.setPosition(.payment, .inventory, 1)
            try world.write(.payment) { db in
                try db.execute(
                    sql: "INSERT INTO intents VALUES ('charge:1', 'charge', ?, x'00', x'00', NULL, 'open', 1)",
                    arguments: [reserved.subject])
            }
        }
        #expect(down.cause == "gatewayDown" && down.text.contains("no final answer to charge:1 yet, on record for"))
        #expect(down.text.hasSuffix("payment-gateway is not running here"))
        #expect(down.commands.first?.hasPrefix("Scripts/supervisor start gateway --data ") == true)
    }

    @Test("it says why a customer waits: the message is not delivered, and Notification runs")
    func whyTheMessageIsNotThere() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let order = CLIWorld.order(1)
            let notification = try StandInProcess("notification-service", of: data)
            try world.addConfirmedOrder(order, isTold: false)
            try world.setPosition(.notification, .orders, 2)
            try world.write(.notification) { db in
                try db.execute(
                    sql: "INSERT INTO intents VALUES (?, 'mail', ?, x'00', x'00', NULL, 'open', 1)",
                    arguments: ["mail:\(order):confirmation", "\(order)"])
            }
            let json = try await CLI.json("order", "\(order)", data: data)
            let wait = try #require((json["waitsFor"] as? [[String: Any]])?.first)
            #expect(wait["cause"] as? String == "mailOpen" && wait["service"] as? String == "notification")
            let why = try #require(wait["why"] as? String)
            #expect(why.hasPrefix("the message mail:\(order):confirmation is not delivered yet, on record for"))
            withExtendedLifetime(notification) {}
        }
    }

    @Test("it says why an order waits: parked, behind a parked event, dead, behind a dead letter, applied as nothing")
    func whyItIsSetAside() async throws {
        let due: Int64 = 1_772_366_400_000_000
        let parked = try await why { world, reserved in
            try world.write(.payment) { try Self.park(reserved.id, reserved.subject, at: 1, offset: 0, next: due, $0) }
        }
        #expect(parked.cause == "parked")
        #expect(parked.text.hasPrefix("inventory@0 failed 2 times, next attempt at 12:00:00.000 (due): no such card"))
        let behindParked = try await why { world, reserved in
            try world.write(.payment) { db in
                try Self.park(EventID(high: 1, low: 2), reserved.subject, at: 1, offset: 7, next: due, db)
                try Self.park(reserved.id, reserved.subject, at: 2, offset: 0, next: nil, db)
            }
        }
        #expect(behindParked.cause == "parkedBehind")
        #expect(
            behindParked.text.hasPrefix("inventory@0 is parked behind inventory@7: inventory@7 failed 2 times, next"))
        let dead = try await why { world, reserved in try world.bury(.payment, reserved, .inventory, offset: 0) }
        #expect(dead.cause == "dead")
        #expect(dead.text == "inventory@0 is a dead letter (open) at payment: no such card (3 attempts)")
        #expect(dead.commands.count == 2 && dead.commands[1].hasPrefix("stampede dlq retry 0"))
        let behind = try await why { world, reserved in
            try world.bury(
                .payment, EventID(high: 1, low: 2), [0], .orders, offset: 5, type: "", subject: reserved.subject)
            try world.write(.payment) { try Self.park(reserved.id, reserved.subject, at: 1, offset: 0, next: nil, $0) }
        }
        #expect(behind.cause == "parkedBehind")
        #expect(behind.text == "inventory@0 is parked behind orders@5, a dead letter at payment: no such card")
        #expect(behind.commands.count == 2)
        let anomaly = try await why { world, reserved in
            try world.setPosition(.payment, .inventory, 1)
            try world.write(.payment) { db in
                try db.execute(
                    sql: "INSERT INTO anomalies VALUES (?, 'inventory', 0, ?, 'v1.StockReserved', 'no way on', 1)",
                    arguments: [Data(reserved.id.bytes), reserved.subject])
            }
        }
        #expect(anomaly.cause == "anomaly")
        #expect(anomaly.text == "payment-service applied inventory@0 as nothing: no way on")
        #expect(anomaly.commands.first?.hasPrefix("stampede audit") == true)
    }

    @Test("it says why an order waits: in the outbox, or lost with a part of the log")
    func whyItIsNotInTheLog() async throws {
        let unpublished = try await why { world, reserved in
            let paid = try EventCoding.encode(try CLIWorld.paid(reserved, at: 9))
            try world.write(.payment) { db in
                try db.execute(sql: "INSERT INTO outbox_topics VALUES ('payments', 2, 0)")
                try db.execute(sql: "INSERT INTO outbox VALUES ('payments', 1, ?)", arguments: [Data(paid)])
            }
        }
        #expect(unpublished.cause == "unpublished")
        #expect(unpublished.text.hasPrefix("decided at 12:00:00.009, in the outbox for "))
        #expect(unpublished.text.contains("not yet in the log: payment-service is not running"))
        func decided(_ published: Int) async throws -> Why {
            try await why { world, reserved in
                try world.append(
                    .payments,
                    [
                        try CLIWorld.paid(
                            try CLIWorld.reserved(try CLIWorld.created(CLIWorld.order(2), at: 3), at: 4), at: 5)
                    ])
                try world.setPosition(.payment, .inventory, 1)
                try world.write(.payment) { db in
                    try db.execute(
                        sql: "INSERT INTO outbox_topics VALUES ('payments', ?, ?)",
                        arguments: [published + 1, published])
                    try db.execute(
                        sql:
                            "INSERT INTO payments VALUES (?, 'succeeded', 1999, 'GBP', 'pi', NULL, NULL, NULL, ?, NULL)",
                        arguments: [
                            reserved.orderID.map { Data($0.bytes) }, (CLIWorld.start + .milliseconds(9)).microseconds,
                        ])
                }
            }
        }
        let lost = try await decided(1)
        #expect(lost.cause == "lost" && lost.text.contains("decided it at 12:00:00.009 and published it, but payments"))
        let cut = try await decided(2)
        #expect(cut.cause == "logCut" && cut.text.contains("ends at 1, after 2 events were published"))
        #expect(cut.commands.first?.hasPrefix("stampede log verify") == true)
    }

    @Test("an order that never came to the log is told of by Order's rows and outbox")
    func neverPublished() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let created = try CLIWorld.created(CLIWorld.order(1), at: 0)
            try world.write(.order) { db in
                try db.execute(
                    sql:
                        "INSERT INTO orders VALUES (?, 'c-1', 'ann@example.test', '[]', 1999, 'GBP', 'k', '00', 'pending', NULL, 1, 2, NULL)",
                    arguments: [Data(CLIWorld.order(1).bytes)])
                try db.execute(sql: "INSERT INTO outbox_topics VALUES ('orders', 2, 0)")
                try db.execute(
                    sql: "INSERT INTO outbox VALUES ('orders', 1, ?)",
                    arguments: [Data(try EventCoding.encode(created))])
            }
            let json = try await CLI.json("order", "k", data: data)
            #expect(json["status"] as? String == "pending")
            let waits = try #require(json["waitsFor"] as? [[String: Any]])
            #expect(waits.map { $0["types"] as? [String] } == [["v1.OrderCreated"]])
            #expect(waits.first?["cause"] as? String == "unpublished")
        }
    }

    @Test("a diagram holds nothing of what strangers wrote but as entity codes")
    func hostileDiagram() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let hostile = "x\n    end; %% <script>alert(1)</script> #quot;:`\u{202E}"
            let created = try CLIWorld.created(CLIWorld.order(1), at: 0, email: hostile)
            let failed = try CLIWorld.event(
                V1.NotificationFailed(kind: .confirmation, channel: "mbox", reason: hostile), CLIWorld.order(1), at: 3,
                by: .notification,
                cause: created)
            try world.append(.orders, [created])
            try world.append(.notifications, [failed])
            let outcome = try await CLI.run("order", "\(CLIWorld.order(1))", "--mermaid", data: data)
            #expect(outcome.status == 0)
            let lines = outcome.output.textLines
            #expect(lines.first == "sequenceDiagram")
            #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("    ") })
            let starts = ["participant ", "Note over "] + ["Shopper", "order", "inventory", "payment", "notification"]
            #expect(lines.dropFirst().allSatisfy { line in starts.contains { line.dropFirst(4).hasPrefix($0) } })
            #expect(!outcome.output.contains("<") && !outcome.output.contains("`") && !outcome.output.contains("%%"))
            #expect(outcome.output.contains("#60;script#62;"))
        }
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
            let outcome = try await CLI.run("order", "\(CLIWorld.order(1))", "--personal", data: data)
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
