import Contracts
import Delivery
import Foundation
import TestSupport
import Testing

@Suite("Test faults")
struct TestFaultsTests {
    /// The world's inventory, failing by rules.
    private func harness(_ rules: TestFaults.Rule..., seed: UInt64 = 1) throws -> Harness {
        try Harness({ World.inventory($0).failing(TestFaults(rules: rules)) }, seed: seed)
    }

    private func rows(_ harness: Harness, _ table: String) throws -> Int {
        try harness.count("SELECT count(*) FROM \(table)")
    }

    @Test("a share of a type throws: they die in one group, all others have their effects")
    func share() throws {
        let harness = try harness(.init(type: "v1.Ordered", share: 0.1, effect: .throws))
        for number in 0..<1000 { try harness.emit(World.Ordered(), "o-\(number)") }
        for number in 0..<100 { try harness.emit(World.Paid(amount: 1), "p-\(number)", on: .payments) }
        try harness.runOut()
        let dead = try rows(harness, "dead_letters")
        #expect((70...130).contains(dead), "\(dead) of 1,000")
        #expect(try harness.events(.inventory).count == 1000 - dead)
        #expect(try harness.count("SELECT count(*) FROM totals WHERE paid = 1") == 100)
        #expect(try harness.count("SELECT count(DISTINCT error_kind || error) FROM dead_letters") == 1)
        #expect(try harness.count("SELECT count(*) FROM dead_letters WHERE attempts = 3") == dead)
    }

    @Test("the same events fail in every process, and another rule hits others")
    func repeatable() throws {
        let harness = try harness()
        let events = try (0..<1000).map { try harness.emit(World.Ordered(), "o-\($0)") }
        func hit(_ faults: TestFaults) -> Set<EventID> { Set(events.filter { faults.effect(on: $0) != nil }.map(\.id)) }
        let rule = TestFaults.Rule(type: "v1.Ordered", share: 0.2, effect: .throws)
        let other = TestFaults.Rule(type: "v1.Paid", share: 1, effect: .throws)
        let hits = hit(TestFaults(rules: [rule]))
        #expect(hits == hit(TestFaults(rules: [rule])))
        #expect(hits != hit(TestFaults(rules: [other, rule])))
        #expect(hit(TestFaults(rules: [other])).isEmpty)
        #expect(hit(TestFaults(rules: [.init(type: "v1.Ordered", effect: .traps)])).count == 1000)
        #expect(hit(TestFaults(rules: [.init(type: "v1.Ordered", share: 0, effect: .traps)])).isEmpty)
        let few = hit(TestFaults(rules: [.init(type: "v1.Ordered", share: 0.1, effect: .throws)]))
        #expect(few.isSubset(of: hits), "a smaller share is part of a larger one")
    }

    @Test("a transient fault heals after its number of failures on record, restarts included", arguments: [1, 2])
    func transient(times: Int) throws {
        let harness = try harness(.init(type: "v1.Ordered", subject: "a", effect: .transient(times: times)))
        try harness.emit(World.Ordered(), "a")
        try harness.emit(World.Ordered(), "b")
        try harness.run()
        #expect(try harness.count("SELECT attempts FROM parked") == 1)
        #expect(try harness.events(.inventory).map(\.subject) == ["b"], "others flow")
        try harness.restart()
        try harness.runOut()
        #expect(try rows(harness, "parked") + rows(harness, "dead_letters") == 0)
        #expect(try harness.events(.inventory).map(\.subject) == ["b", "a"])
    }

    @Test("a transient fault that outlasts the attempts dies like any other")
    func outlasts() throws {
        let harness = try harness(.init(type: "v1.Ordered", effect: .transient(times: 3)))
        try harness.emit(World.Ordered(), "a")
        try harness.runOut()
        #expect(try rows(harness, "dead_letters") == 1)
    }

    @Test("an environment that is gone stops the consumer before the event, and counts no attempt")
    func unavailable() throws {
        let harness = try harness(.init(type: "v1.Ordered", subject: "b", effect: .unavailable))
        try harness.emit(World.Ordered(), "a")
        try harness.emit(World.Ordered(), "b")
        for _ in 0..<5 { #expect(throws: TestOutage.self) { try harness.consumer.turn() } }
        #expect(try rows(harness, "parked") + rows(harness, "dead_letters") + rows(harness, "inbox") == 0)
    }

    @Test("a handler that traps ends the process, and says which event it was")
    func traps() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            [path = path as String] in
            let faults = TestFaults(rules: [.init(type: "v1.Ordered", effect: .traps)])
            let harness = try Harness(
                { World.inventory($0).failing(faults) }, directory: TemporaryDirectory(existing: path))
            try harness.emit(World.Ordered(), "a")
            _ = try harness.consumer.turn()
        }
        let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        withExtendedLifetime(directory) {}
        #expect(said.contains("--test-faults traps on v1.Ordered "), "\(said)")
    }
}
