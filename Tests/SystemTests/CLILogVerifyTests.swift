import Contracts
import Foundation
import Testing
import TestSupport

@Suite("stampede log verify", .timeLimit(.minutes(5)))
struct CLILogVerifyTests {
    @Test("a whole log: a line a topic, exit code 0, the whole head in JSON")
    func whole() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            for number in 1...5 { try world.addConfirmedOrder(CLIWorld.order(UInt64(number))) }
            let outcome = try await CLI.run("log", "verify", data: data)
            #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
            #expect(try await CLI.screen("log", "verify", data: data).widest <= 80)
            #expect(outcome.output.textLines.count == 5)
            #expect(outcome.output.textLines.dropFirst().allSatisfy { $0.hasSuffix("whole") })
            let json = try await CLI.json("log", "verify", "--topic", "orders", data: data)
            #expect(json["verdict"] as? String == "whole")
            let topics = try #require(json["topics"] as? [[String: Any]])
            try #require(topics.count > 0)
            #expect(topics.count == 1)
            #expect(topics[0]["events"] as? Int == 10 && topics[0]["end"] as? Int == 10)
            let head = try #require(topics[0]["head"] as? String)
            #expect(head.count == 64 && outcome.output.contains(head.prefix(12)))
        }
    }

    @Test("one flipped bit: exit code 3, file, byte and reason; other topics stand")
    func flippedBit() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            for number in 1...3 { try world.addConfirmedOrder(CLIWorld.order(UInt64(number))) }
            let segment = data + "/log/payments/00000000000000000000.segment"
            try flipByte(of: segment, holding: "\(CLIWorld.order(2))")
            let outcome = try await CLI.run("log", "verify", data: data)
            #expect(outcome.status == 3)
            #expect(outcome.output.contains("BROKEN"))
            let json = try await CLI.json("log", "verify", data: data)
            #expect(json["verdict"] as? String == "broken")
            let topics = try #require(json["topics"] as? [[String: Any]])
            #expect(
                topics.filter { $0["verdict"] as? String == "broken" }.compactMap { $0["topic"] as? String } == [
                    "payments"
                ])
            let fault = try #require(
                (topics.first { $0["topic"] as? String == "payments" }?["faults"] as? [[String: Any]])?.first)
            #expect(fault["file"] as? String == segment)
            #expect(try #require(fault["byte"] as? Int) > 0)
            #expect(try #require(fault["reason"] as? String).contains("checksum"))
        }
    }

    @Test("a missing segment and a missing commit page are faults")
    func missingFiles() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            try world.addConfirmedOrder(CLIWorld.order(1))
            try FileManager.default.removeItem(atPath: data + "/log/orders/00000000000000000000.segment")
            try FileManager.default.removeItem(atPath: data + "/log/inventory/commit")
            let outcome = try await CLI.run("log", "verify", data: data)
            #expect(outcome.status == 3)
            #expect(outcome.output.textLines.filter { $0.hasSuffix("BROKEN") }.count == 2, "\(outcome.output)")
        }
    }

    @Test("no log, and a topic that is none, are exit code 1")
    func nothingToVerify() async throws {
        try await withTemporaryDirectory { data in
            #expect(try await CLI.run("log", "verify", data: data).status == 1)
            let world = try CLIWorld(data)
            #expect(try await CLI.run("log", "verify", data: data).status == 1)
            try world.addConfirmedOrder(CLIWorld.order(1))
            let outcome = try await CLI.run("log", "verify", "--topic", "nope", data: data)
            #expect(outcome.status == 1 && outcome.errors.contains("orders"))
        }
    }
}
