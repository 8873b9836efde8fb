import Contracts
import Delivery
import EventLog
import Testing

@Suite("Parking has a bound")
struct BackPressureTests {
    private static let actor = Actor("ann") ?? { preconditionFailure("a name") }()

    @Test(
        "at the bound the consumer goes on up to the first event that would have to wait, says so, and stands",
        arguments: [1, 2, 512])
    func bound(batch: Int) async throws {
        let harness = try Harness(batch: batch, limits: { $0.parkedEvents = 2 })
        harness.faults.fail("a", with: EventFault.brokenRule("never"))
        let dead = try harness.emit(World.Ordered(), "a")
        for _ in 0..<2 { try harness.emit(World.Ordered(), "a") }
        try harness.emit(World.Ordered(), "b")
        try harness.emit(World.Ordered(), "a")  // no room
        try harness.emit(World.Ordered(), "c")
        try harness.runBounded()
        #expect(try harness.journal() == ["b Ordered"], "what came before flows, though it came in one batch")
        #expect(try harness.count("SELECT count(*) FROM parked") == 2)
        let reason = try #require(harness.node.standing.parts.first { $0.part == "consumer" }?.reason)
        #expect(reason.contains("2 events are parked"))

        try harness.restart()
        try harness.runBounded()
        #expect(try harness.journal() == ["b Ordered"], "as before, where it stood")

        harness.faults.heal()
        #expect(try await harness.outcomes(.retry([dead.id], by: Self.actor)) == [.applied])
        try harness.runBounded()
        #expect(try harness.journal("a").count == 4)
        #expect(try harness.journal("c") == ["c Ordered"])
        #expect(harness.node.standing.parts.isEmpty, "it goes on, and says that too")
        #expect(try harness.digest() == harness.rebuiltDigest(seed: 2))
    }

    @Test("retries go on while parking is full, and make room")
    func retries() throws {
        let harness = try Harness(limits: { $0.parkedEvents = 3 })
        for number in 0..<20 {
            harness.faults.fail("s\(number)")
            try harness.emit(World.Ordered(), "s\(number)")
        }
        try harness.emit(World.Ordered(), "last")
        for _ in 0..<200 {
            try harness.runBounded()
            harness.clock.advance(by: .seconds(1))
        }
        #expect(try harness.count("SELECT count(*) FROM dead_letters") == 20, "each after its three attempts")
        #expect(try harness.journal() == ["last Ordered"])
        #expect(try harness.count("SELECT max(attempts) FROM dead_letters") == 3)
    }
}

extension Harness {
    /// Until the consumer is idle at this time, be it because it stands.
    fileprivate func runBounded() throws {
        for _ in 0..<1000 where try consumer.turn() != .worked { return }
        throw Broken("it never rests")
    }
}
