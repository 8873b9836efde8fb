import Contracts
import Foundation
import Testing
import TestSupport

@Suite("stampede log archive, stats, export and noted heads", .timeLimit(.minutes(5)))
struct CLILogArchiveTests {
    /// Thirty orders in small segments, read by every service up to the end.
    private static func world(_ data: String) throws -> CLIWorld {
        let world = try CLIWorld(data, segmentBytes: 8 << 10)
        for number in 1...30 { try world.addConfirmedOrder(CLIWorld.order(UInt64(number))) }
        try world.writeAll()
        for (service, topics) in [
            (ServiceName.order, [Topic.inventory, .payments]), (.inventory, [.orders, .payments]),
            (.payment, [.inventory, .orders]), (.notification, [.orders]),
            (.analytics, [.orders, .inventory, .payments, .notifications]),
        ] {
            for topic in topics { try world.setPosition(service, topic, topic == .orders ? 60 : 30) }
        }
        return world
    }

    private static func segments(_ directory: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []  // none yet
        return names.filter { $0.hasSuffix(".segment") }.sorted()
    }

    @Test("what every consumer has passed goes; verify, export, tail and order go on reading it")
    func archive() async throws {
        try await withTemporaryDirectory { data in
            _ = try Self.world(data)
            let before = Self.segments(data + "/log/orders")
            let exported = try await CLI.run("log", "export", data: data)
            let heads = data + "/heads"
            #expect(try await CLI.run("log", "verify", "--save-head", heads, data: data).status == 0)

            let plan = try await CLI.run("log", "archive", "--plan", data: data)
            #expect(plan.status == 0, "\(plan.errors)")
            #expect(plan.output.contains("WOULD MOVE"))
            #expect(try await CLI.screen("log", "archive", "--plan", data: data).widest <= 80)
            #expect(Self.segments(data + "/log/orders") == before, "a plan moves nothing")

            let outcome = try await CLI.run("log", "archive", data: data)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(Self.segments(data + "/log/orders") == [before.last])
            #expect(Self.segments(data + "/archive/orders") == Array(before.dropLast()))

            #expect(try await CLI.run("log", "export", data: data).output == exported.output)
            let verified = try await CLI.run("log", "verify", "--head", heads, data: data)
            #expect(verified.status == 0, "\(verified.output)")
            let story = try await CLI.run("order", "\(CLIWorld.order(1))", data: data)
            #expect(story.status == 0 && story.output.contains("OrderConfirmed"), "\(story.output)")
            let stats = try await CLI.json("log", "stats", "--topic", "orders", data: data)
            let topics = try #require(stats["topics"] as? [[String: Any]])
            try #require(topics.count > 0)
            #expect(topics[0]["archivedSegments"] as? Int == before.count - 1)
            #expect(topics[0]["events"] as? Int == 60 && topics[0]["firstOffset"] as? Int == 0)
            #expect(try await CLI.run("log", "archive", data: data).status == 0, "again is nothing")
        }
    }

    @Test("a consumer that has not passed holds segments back, and is named where they are asked for")
    func refused() async throws {
        try await withTemporaryDirectory { data in
            let world = try Self.world(data)
            try world.setPosition(.notification, .orders, 20)
            let refused = try await CLI.run("log", "archive", "--topic", "orders", "--before", "50", data: data)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("notification has read orders up to offset 20"), "\(refused.errors)")
            #expect(Self.segments(data + "/archive/orders").isEmpty)

            let outcome = try await CLI.run("log", "archive", "--topic", "orders", data: data)
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("notification at 20"))
            let kept = try #require(Self.segments(data + "/log/orders").first.flatMap { UInt64($0.dropLast(8)) })
            #expect(kept <= 20)
            #expect(!Self.segments(data + "/archive/orders").isEmpty)
        }
    }

    @Test("a service that never ran has passed nothing")
    func neverRan() async throws {
        try await withTemporaryDirectory { data in
            _ = try Self.world(data)
            try FileManager.default.removeItem(atPath: data + "/db/analytics")
            let outcome = try await CLI.run("log", "archive", data: data)
            #expect(outcome.status == 0)
            #expect(Self.segments(data + "/archive/orders").isEmpty)
            #expect(outcome.output.contains("analytics at 0"))
        }
    }

    @Test("a history that does not lead through the noted head is broken, exit code 3")
    func otherHistory() async throws {
        try await withTemporaryDirectory { data in
            let world = try Self.world(data)
            let heads = data + "/heads"
            _ = try await CLI.run("log", "verify", "--save-head", heads, data: data)
            try world.addConfirmedOrder(CLIWorld.order(31))
            #expect(try await CLI.run("log", "verify", "--head", heads, data: data).status == 0, "it went on")

            // The same events again, whole by itself: another log.
            try FileManager.default.removeItem(atPath: data + "/log")
            let other = try CLIWorld(data, segmentBytes: 1 << 20)
            for number in 1...31 { try other.addConfirmedOrder(CLIWorld.order(UInt64(number))) }
            #expect(try await CLI.run("log", "verify", data: data).status == 0)
            let outcome = try await CLI.run("log", "verify", "--head", heads, data: data)
            #expect(outcome.status == 3)
            #expect(outcome.output.contains("does not lead through the head"))

            try FileManager.default.removeItem(atPath: data + "/log/payments")
            let gone = try await CLI.json("log", "verify", "--head", heads, data: data)
            let topics = try #require(gone["topics"] as? [[String: Any]])
            #expect(topics.contains { $0["topic"] as? String == "payments" && $0["verdict"] as? String == "broken" })
        }
    }

    @Test("a file of heads that is none is refused with its line")
    func brokenHeads() async throws {
        try await withTemporaryDirectory { data in
            _ = try Self.world(data)
            let file = data + "/heads"
            for (text, reason) in [
                ("", "line 1"), ("orders\t1", "topic, offset and hash"), ("orders\tx\t00\n", "no offset"),
                ("orders\t1\t" + String(repeating: "g", count: 64), "64 hexadecimal"),
                ("a\t1\t\(String(repeating: "0", count: 64))\na\t1\t\(String(repeating: "0", count: 64))\n", "line 2"),
            ] {
                try text.write(toFile: file, atomically: true, encoding: .utf8)
                let outcome = try await CLI.run("log", "verify", "--head", file, data: data)
                #expect(outcome.status == 1)
                #expect(outcome.errors.contains(reason), "\(outcome.errors)")
            }
        }
    }

    @Test("export prints every event of a topic as a CloudEvent with its place")
    func export() async throws {
        try await withTemporaryDirectory { data in
            _ = try Self.world(data)
            let outcome = try await CLI.run(
                "log", "export", "--topic", "orders", "--from", "5", "--to", "8", data: data)
            #expect(outcome.status == 0)
            let lines = try outcome.output.textLines.map { line in
                try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            }
            #expect(lines.compactMap { $0["offset"] as? Int } == [5, 6, 7])
            for line in lines {
                #expect(line["specversion"] as? String == "1.0")
                #expect(line["topic"] as? String == "orders")
                #expect(line["data"] is [String: Any])
            }
            #expect(try await CLI.run("log", "export", "--from", "8", "--to", "5", data: data).status == 2)
        }
    }
}
