import Contracts
import EventLog
import Foundation
import Testing
import TestSupport

@Suite("stampede tail", .timeLimit(.minutes(5)))
struct CLITailTests {
    @Test("topics are woven together by time, one line an event, 80 columns")
    func wovenByTime() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let created = try [1, 2].map { try CLIWorld.created(CLIWorld.order($0), at: Int64($0) * 10) }
            let reserved = try created.map { try CLIWorld.reserved($0, at: $0.time == created[0].time ? 12 : 22) }
            let paid = try reserved.map { try CLIWorld.paid($0, at: $0.time == reserved[0].time ? 35 : 45) }
            let confirmed = try paid.map { try CLIWorld.confirmed($0, at: $0.time == paid[0].time ? 40 : 50) }
            try world.append(.orders, created + confirmed)
            try world.append(.inventory, reserved)
            try world.append(.payments, paid)
            let outcome = try await CLI.run("tail", data: data)
            #expect(outcome.status == 0)
            #expect(try await CLI.screen("tail", data: data).widest <= 80)
            let types = outcome.output.textLines.map { $0.split(separator: " ")[2] }
            #expect(
                types == [
                    "v1.OrderCreated", "v1.StockReserved", "v1.OrderCreated", "v1.StockReserved", "v1.PaymentSucceeded",
                    "v1.OrderConfirmed", "v1.PaymentSucceeded", "v1.OrderConfirmed",
                ])
            let times = outcome.output.textLines.map { $0.prefix(12) }
            #expect(times == times.sorted())
        }
    }

    @Test("filters: topic, type with and without version, order, offset, number")
    func filters() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            for number in 1...30 {
                try world.addConfirmedOrder(CLIWorld.order(UInt64(number)), at: Int64(number) * 100)
            }
            func count(_ arguments: String...) async throws -> Int {
                try await runProgram(CLI.executable, ["tail", "--data", data] + arguments).output.textLines.count
            }
            #expect(try await count() == 20)
            #expect(try await count("-n", "3") == 3)
            #expect(try await count("-n", "0") == 0)
            #expect(try await count("-n", "1000") == 150)
            #expect(try await count("-n", "1000", "--topic", "orders", "--topic", "payments") == 90)
            #expect(try await count("-n", "1000", "--type", "v1.OrderCreated") == 30)
            #expect(try await count("-n", "1000", "--type", "OrderCreated", "--type", "v1.StockReserved") == 60)
            #expect(try await count("-n", "1000", "--type", "v2.OrderCreated") == 0)
            #expect(try await count("--order", "\(CLIWorld.order(7))") == 5)
            #expect(try await count("--order", String("\(CLIWorld.order(7))".suffix(8))) == 5)
            #expect(try await count("--topic", "orders", "--from", "57") == 3)
            #expect(try await count("--topic", "orders", "--from", "50", "-n", "4") == 4)
            #expect(try await count("--topic", "orders", "--from", "1000") == 0)
            // The last ones, not the first.
            let last = try await CLI.run("tail", "-n", "1", "--type", "v1.OrderCreated", data: data)
            #expect(last.output.contains("orders@58"))
            let nothing = try await CLI.run("tail", "--type", "v1.Nothing", data: data)
            #expect(nothing.status == 0 && nothing.errors.contains("No events match"))
            let wrong = try await CLI.run("tail", "--topic", "../order", data: data)
            #expect(wrong.status == 1 && wrong.errors.contains("orders, inventory, payments"))
        }
    }

    @Test("--where looks into events, and --since begins at a time")
    func expressions() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            for number in 1...30 {
                try world.addConfirmedOrder(CLIWorld.order(UInt64(number)), at: Int64(number) * 1000)
            }
            try world.append(
                .payments,
                [
                    try CLIWorld.event(
                        V1.PaymentFailed(reason: .declined, declineCode: "it's no good"), CLIWorld.order(31),
                        at: 40_000,
                        by: .payment)
                ])
            func count(_ arguments: String...) async throws -> Int {
                let outcome = try await runProgram(CLI.executable, ["tail", "-n", "1000", "--data", data] + arguments)
                #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
                return outcome.output.textLines.count
            }
            #expect(try await count("--where", "type = v1.OrderCreated") == 30)
            #expect(try await count("--where", "type ~ order and not topic = notifications") == 60)
            #expect(try await count("--where", "data.total.amount >= 1999 and type ~ Created") == 30)
            #expect(try await count("--where", "data.total.amount > 1999") == 0)
            #expect(try await count("--where", "data.lines.0.productID = 'P-0001' and (offset = 3 or offset = 0)") == 4)
            #expect(try await count("--where", "data.declineCode = \"it's no good\"") == 1)
            #expect(try await count("--where", "data.nothing.there") == 0)
            #expect(try await count("--where", "causationid = null and topic != payments") == 30)
            #expect(try await count("--where", "subject = '\(CLIWorld.order(7))'") == 5)
            #expect(try await count("--where", "time >= '2026-03-01T12:00:30Z'") == 6)
            #expect(try await count("--since", "2026-03-01T12:00:30Z") == 6)
            #expect(try await count("--since", "2026-03-01 12:00:30", "--type", "OrderCreated") == 1)
            #expect(try await count("--since", "2026-03-01") == 151)
            #expect(try await count("--since", "-10m") == 0)
        }
    }

    @Test(
        "an expression that is none is refused with its place, whatever it is",
        arguments: [
            ("type =", "at character 7: a value is missing"), ("= 3", "at character 1: a field is missing"),
            ("typ = 3", "there is no field 'typ'"),
            ("type = 'x", "at character 8: the text that begins here does not end"),
            ("type = a b", "at character 10: 'b' is one thing too many"), ("(type", "a ')' is missing"),
            ("data..x = 1", "there is no field 'data..x'"), ("\u{1B}[2J = 1", "there is no field"),
            (String(repeating: "(", count: 100) + "type", "more than 64 levels deep"),
            (String(repeating: "not ", count: 2000) + "type", "at most 4096 bytes"),
        ])
    func wrongExpression(_ expression: String, _ says: String) async throws {
        try await withTemporaryDirectory { data in
            let outcome = try await CLI.run("tail", "--where", expression, data: data)
            #expect(outcome.status == 2 && outcome.output.isEmpty)
            #expect(outcome.errors.contains(says), "\(outcome.errors)")
            #expect(outcome.errors.isHarmless)
        }
    }

    @Test("--json prints CloudEvents, one a line, with topic and offset, and the data as it lies in the log")
    func cloudEvents() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let order = CLIWorld.order(1)
            try world.addConfirmedOrder(order)
            let outcome = try await CLI.run("tail", "--json", data: data)
            let events = try outcome.output.textLines.map(CLI.object)
            try #require(events.count > 1)
            #expect(events.count == 5)
            for event in events {
                #expect(event["specversion"] as? String == "1.0")
                #expect(event["subject"] as? String == "\(order)")
                #expect(event["datacontenttype"] as? String == "application/json")
                #expect(event["data"] is [String: Any])
            }
            #expect(events[0]["topic"] as? String == "orders" && events[0]["offset"] as? Int == 0)
            #expect(events[0]["time"] as? String == "2026-03-01T12:00:00.000000Z")
            #expect(events[1]["causationid"] as? String == events[0]["id"] as? String)
        }
    }

    @Test("addresses and card tokens are masked, also in what a dead letter wraps, unless they are asked for")
    func personal() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            try world.addConfirmedOrder(CLIWorld.order(1))
            let created = try CLIWorld.created(CLIWorld.order(2), at: 5000)
            try world.append(.orders, [created])
            let letter = V1.EventDeadLettered(
                service: .inventory, eventID: created.id, topic: "orders", offset: 2,
                event: try EventCoding.encode(created),
                errorKind: "broken-rule", error: "no", attempts: 1)
            try world.append(
                ServiceName.inventory.deadLetterTopic,
                [try CLIWorld.event(letter, CLIWorld.order(2), at: 5001, by: .inventory, cause: created)])
            for arguments in [
                ["tail", "--json"], ["tail"], ["order", "\(CLIWorld.order(2))"],
                ["order", "\(CLIWorld.order(2))", "--json"],
            ] {
                let outcome = try await runProgram(CLI.executable, arguments + ["--data", data])
                #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
                let told = outcome.output + Self.unwrapped(outcome.output)
                #expect(!told.contains("ann@example.test") && !told.contains("tok_visa"), "\(arguments): \(told)")
                guard arguments.contains("--json") else { continue }
                let whole = try await runProgram(CLI.executable, arguments + ["--personal", "--data", data])
                let all = whole.output + Self.unwrapped(whole.output)
                #expect(all.contains("ann@example.test") && all.contains("tok_visa"), "\(arguments): \(all)")
            }
        }
    }

    /// What stands in a text in base64.
    private static func unwrapped(_ text: String) -> String {
        text.matches(of: /"event"\s*:\s*"([^"]+)"/).compactMap { Data(base64Encoded: String($0.1)) }
            .map { String(decoding: $0, as: UTF8.self) }.joined()
    }

    @Test("what strangers wrote cannot steer the terminal, in text or in JSON")
    func hostileText() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let hostile = "\u{1B}]0;owned\u{07}\u{9B}31m\u{202E}x\r\n\u{7F}"
            let event = try CLIWorld.event(
                V1.PaymentSucceeded(amount: Money(amount: 1, currency: hostile), paymentIntent: hostile),
                CLIWorld.order(1), at: 0,
                by: .payment, subject: hostile)
            var strange = event
            strange.type = "v1.\(hostile)"
            try world.append(.payments, [event, strange])
            let text = try await CLI.run("tail", data: data)
            #expect(text.output.textLines.count == 2)
            #expect(text.output.isHarmless)
            let json = try await CLI.run("tail", "--json", data: data)
            #expect(json.output.isHarmless)
            let first = try CLI.object(try #require(json.output.textLines.first))
            #expect(first["subject"] as? String == hostile, "JSON escapes, it does not change")
        }
    }

    @Test("bytes that are no event are shown as such and do not end the command")
    func unreadableEvent() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            try world.appendBytes(.orders, [[1, 2, 3], [], [UInt8](repeating: 1, count: 200)])
            try world.append(.orders, [try CLIWorld.created(CLIWorld.order(1), at: 0)])
            let text = try await CLI.run("tail", data: data)
            #expect(text.status == 0)
            #expect(text.output.textLines.filter { $0.contains("unreadable") }.count == 3)
            let json = try await CLI.run("tail", "--json", data: data)
            #expect(json.output.textLines.count == 1)
            #expect(json.errors.contains("orders@1"))
            #expect(try await CLI.run("order", "\(CLIWorld.order(1))", data: data).status == 0)
        }
    }

    @Test("a reader that has seen enough ends it in silence", .timeLimit(.minutes(5)))
    func brokenPipe() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let order = CLIWorld.order(1)
            // More than a pipe holds.
            try world.append(.orders, try (0..<1500).map { try CLIWorld.created(order, at: Int64($0)) })
            let tail = try CLI.start("tail", "--json", "-n", "1500", data: data)
            _ = try await tail.read(until: "\n")
            try tail.closeOutput()
            let end = await tail.end()
            #expect(end.status == 0)
            #expect(end.errors.isEmpty)
        }
    }

    @Test("--follow shows what is appended later, on topics new and old, and ends on Ctrl-C", .timeLimit(.minutes(5)))
    func follow() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let created = try CLIWorld.created(CLIWorld.order(1), at: 0)
            try world.append(.orders, [created])
            let tail = try CLI.start("tail", "--follow", data: data)
            #expect(try await tail.read(until: "\n").contains("orders@0"))
            try world.append(.inventory, [try CLIWorld.reserved(created, at: 2)])
            #expect(try await tail.read(until: "\n").contains("inventory@0"))
            try world.append(.orders, [try CLIWorld.created(CLIWorld.order(2), at: 5)])
            #expect(try await tail.read(until: "\n").contains("orders@1"))
            tail.interrupt()
            let end = await tail.end()
            #expect(end.status == 0)
            #expect(end.errors.isEmpty)
        }
    }

    @Test("while topics grow, no effect is shown before its cause", .timeLimit(.minutes(5)))
    func causesFirstWhileGrowing() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let pairs = 500
            try world.append(.orders, [try CLIWorld.created(CLIWorld.order(0), at: 0)])
            let tail = try CLI.start("tail", "--follow", "--json", data: data)
            var output = try await tail.read(until: "\n")
            let writing = Task.detached {
                let writers = [try world.openWriter(.orders), try world.openWriter(.inventory)]
                defer { for writer in writers { writer.close() } }
                for number in 1...pairs {
                    let created = try CLIWorld.created(CLIWorld.order(UInt64(number)), at: Int64(number))
                    let pair = [created, try CLIWorld.reserved(created, at: Int64(number))]
                    // Alternately up and down the order in which topics are looked at.
                    for (writer, event) in zip(number.isMultiple(of: 2) ? writers : writers.reversed(), pair) {
                        try writer.append([try EventCoding.encode(event)], firstSequence: writer.lastSequence + 1)
                    }
                }
            }
            var lines = output.textLines.count
            while lines < 1 + 2 * pairs {
                let more = try await tail.read(until: "\n")
                lines += more.utf8.count { $0 == UInt8(ascii: "\n") }
                output += more
            }
            try await writing.value
            tail.interrupt()
            #expect(await tail.end().status == 0)
            var seen: Set<String> = []
            for line in output.textLines {
                let event = try CLI.object(line)
                if let cause = event["causationid"] as? String {
                    #expect(
                        seen.contains(cause), "\(event["topic"] ?? "")@\(event["offset"] ?? "") comes before its cause")
                }
                seen.insert(try #require(event["id"] as? String))
            }
        }
    }

    @Test("--follow ends when its reader is gone, though nothing happens", .timeLimit(.minutes(5)))
    func followedByNobody() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            try world.append(.orders, [try CLIWorld.created(CLIWorld.order(1), at: 0)])
            let tail = try CLI.start("tail", "-f", data: data)
            _ = try await tail.read(until: "\n")
            try tail.closeOutput()
            #expect(await tail.end().status == 0)
        }
    }

    @Test("a log with a broken frame shows what precedes it and names file and byte")
    func brokenFrame() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            try world.append(.orders, [try CLIWorld.created(CLIWorld.order(1), at: 0)])
            try world.append(.orders, [try CLIWorld.created(CLIWorld.order(2), at: 1)])
            let segment = data + "/log/orders/00000000000000000000.segment"
            try flipByte(of: segment, holding: "key-\(CLIWorld.order(2))")
            let outcome = try await CLI.run("tail", "--from", "0", data: data)
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains(segment) && outcome.errors.contains("log verify"))
        }
    }
}

/// Changes one bit of the first place that holds a text.
func flipByte(of path: String, holding text: String) throws {
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let range = try #require(bytes.range(of: Data(text.utf8)))
    bytes[range.lowerBound] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
}
