import Contracts
import Foundation
import GRDB
import Testing
import TestSupport

@Suite("stampede lag", .timeLimit(.minutes(5)))
struct CLILagTests {
    /// Two orders confirmed, of which inventory has read one, payment parked an event and nobody else read any.
    private static func world(_ data: String) throws -> CLIWorld {
        let world = try CLIWorld(data)
        for number in 1...2 { try world.addConfirmedOrder(CLIWorld.order(UInt64(number)), at: Int64(number) * 100) }
        try world.writeAll()
        try world.setPosition(.inventory, .orders, 2)
        let parked = try EventCoding.encode(CLIWorld.created(CLIWorld.order(3), at: 0))
        try world.write(.payment) { db in
            try db.execute(
                sql: "INSERT INTO parked VALUES (1, x'01', 'inventory', 1, 's', ?, 1, 1, 'k', 'e', 1)",
                arguments: [Data(parked)])
        }
        return world
    }

    private static func row(_ service: String, _ topic: String, in json: [String: Any]) throws -> [String: Any] {
        let rows = try #require(json["consumers"] as? [[String: Any]])
        return try #require(rows.first { $0["service"] as? String == service && $0["topic"] as? String == topic })
    }

    @Test("with everything stopped it tells events, seconds and what is parked, in 80 columns")
    func stopped() async throws {
        try await withTemporaryDirectory { data in
            _ = try Self.world(data)
            let outcome = try await CLI.run("lag", "--interval", "0.1", data: data)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(try await CLI.screen("lag", "--interval", "0.1", data: data).widest <= 80)
            #expect(outcome.output.contains("payment holds 1 event of inventory parked, the oldest for "))
            #expect(!outcome.output.contains(".dlq"), "topics of dead letters are shown where there is something")

            let json = try await CLI.json("lag", "--interval", "0.1", "--service", "inventory", data: data)
            let orders = try Self.row("inventory", "orders", in: json)
            #expect(orders["position"] as? Int == 2 && orders["end"] as? Int == 4 && orders["behind"] as? Int == 2)
            let first = CLIWorld.start.microseconds + 200_000
            let age = Date().timeIntervalSince1970 - Double(first) / 1e6
            let behind = try #require(orders["secondsBehind"] as? Double)
            #expect(abs(behind - age) < 600)
            #expect(orders["ratePerSecond"] as? Double == 0 && orders["arrivalsPerSecond"] as? Double == 0)
            #expect(orders["secondsToCatchUp"] is NSNull, "what stands still never catches up")
            let readingAge = try #require(orders["ageSeconds"] as? Double)
            #expect(readingAge < 600)
            #expect((json["consumers"] as? [Any])?.count == 2)
        }
    }

    @Test("what was never read is behind from the beginning, what was read to the end is not behind at all")
    func ends() async throws {
        try await withTemporaryDirectory { data in
            let world = try Self.world(data)
            try world.setPosition(.inventory, .orders, 4)
            let json = try await CLI.json("lag", "--interval", "0.1", data: data)
            let read = try Self.row("inventory", "orders", in: json)
            #expect(read["behind"] as? Int == 0 && read["secondsBehind"] as? Double == 0)
            #expect(read["secondsToCatchUp"] as? Double == 0)
            #expect(try Self.row("notification", "orders", in: json)["behind"] as? Int == 4)
        }
    }

    @Test("a position past the end is a problem with the way to look at it, not a lag below zero")
    func pastTheEnd() async throws {
        try await withTemporaryDirectory { data in
            let world = try Self.world(data)
            try world.write(.inventory) { try $0.execute(sql: "UPDATE consumer_positions SET next_offset = 9") }
            let outcome = try await CLI.run("lag", "--interval", "0.1", "--json", data: data)
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("inventory's position 9 on orders is past the topic's end 4"))
            #expect(try Self.row("inventory", "orders", in: CLI.object(outcome.output))["behind"] as? Int == 0)
        }
    }

    @Test("watching, it follows consumer and topic, reckons when both meet, and ends with 0 on Ctrl-C")
    func watching() async throws {
        try await withTemporaryDirectory { data in
            let world = try Self.world(data)
            let cli = try CLI.start(
                "lag", "--watch", "--json", "--interval", "0.2", "--service", "inventory", data: data)
            var text = try await cli.read(until: "\n")
            for number in 3...40 {
                try world.addConfirmedOrder(CLIWorld.order(UInt64(number)), at: Int64(number) * 100)
            }
            var rows: [[String: Any]] = []
            // 80 events lie there in the end; the consumer reads ten between two readings.
            for position in stride(from: UInt64(10), through: 70, by: 10) {
                try world.setPosition(.inventory, .orders, position)
                text += try await cli.read(until: "\n")
                // What comes may end in the middle of a line.
                var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                text = String(lines.removeLast())
                for line in lines { rows.append(try Self.row("inventory", "orders", in: CLI.object(line))) }
            }
            cli.interrupt()
            #expect(await cli.end().status == 0)
            let last = try #require(rows.last)
            #expect(last["end"] as? Int == 80)
            #expect(rows.contains { ($0["ratePerSecond"] as? Double ?? 0) > 0 })
            let meeting = try #require(rows.last { ($0["secondsToCatchUp"] as? Double ?? 0) > 0 })
            let rate = try #require(meeting["ratePerSecond"] as? Double)
            let arrivals = try #require(meeting["arrivalsPerSecond"] as? Double)
            let expected = try Double(#require(meeting["behind"] as? Int)) / (rate - arrivals)
            let told = try #require(meeting["secondsToCatchUp"] as? Double)
            #expect(abs(told - expected) < 0.001)
        }
    }

    @Test("an interval that is none, and a service that there is not, are wrong usage")
    func usage() async throws {
        try await withTemporaryDirectory { data in
            let interval = try await CLI.run("lag", "--interval", "0", data: data)
            let service = try await CLI.run("lag", "--service", "shipping", data: data)
            #expect(interval.status == 2)
            #expect(service.status == 2)
        }
    }

    @Test("status goes on as well")
    func statusWatching() async throws {
        try await withTemporaryDirectory { data in
            _ = try Self.world(data)
            let cli = try CLI.start("status", "--watch", "--interval", "0.1", data: data)
            let text = try await cli.read(until: "\n\nATTENTION")
            #expect(text.hasPrefix("ATTENTION"))
            cli.interrupt()
            #expect(await cli.end().status == 0)
        }
    }
}
