import Contracts
import Delivery
import EventLog
import GRDB
import Testing
import TestSupport

@Suite("Rebuild and order under random faults")
struct RebuildTests {
    /// A random history: events of few subjects on two topics, duplicates, poison, passing faults, outages, restarts, odd
    /// batches. Returns the harness at its end and what was emitted.
    private func history(_ seed: UInt64) throws -> Harness {
        let random = SeededRandomness(seed: seed)
        let harness = try Harness(seed: seed, batch: [1, 2, 3, 7, 512][random.below(5)])
        var emitted: [(Envelope, Topic)] = []
        for step in 0..<120 {
            let subject = "s-\(random.below(6))"
            switch random.below(14) {
            case 0...4:
                emitted.append(
                    (
                        try harness.emit(
                            World.Ordered(quantity: 1 + Int64(random.below(5)), parts: Int64(random.below(3))), subject),
                        .orders
                    ))
            case 5...7:
                emitted.append(
                    (try harness.emit(World.Paid(amount: Int64(random.below(100))), subject, on: .payments), .payments))
            case 8: emitted.append((try harness.emit(World.Withdrawn(key: "k-\(seed)-\(step)"), subject), .orders))
            case 9:
                if !emitted.isEmpty {
                    let (event, topic) = random.pick(emitted)
                    try harness.emit(event, on: topic)
                }
            case 10:
                switch random.below(4) {
                case 0: try harness.emit(bytes: [1, 2, 3])
                case 1: try harness.emit(World.Paid(amount: 1), subject, type: World.Ordered.type)
                case 2: try harness.emit(World.Ordered(), subject, type: "v2.Ordered")
                default: try harness.emit(World.Closed(), subject)
                }
            case 11:
                let point = random.pick(Faults.Point.all)
                let type = random.pick([World.Ordered.type, World.Paid.type, World.Held.type])
                harness.faults.fail(
                    subject, at: point, type: type,
                    with: random.chance(0.1) ? EventFault.brokenRule("never") : Broken("passes"))
            case 12: harness.faults.heal()
            default: harness.clock.advance(by: .milliseconds(random.below(300)))
            }
            if random.chance(0.05) { harness.faults.fail(subject, at: .apply, with: DatabaseError.busy) }
            if random.chance(0.05) { try harness.restart() }
            for _ in 0..<random.below(4) {
                do {
                    try harness.turn()
                } catch DatabaseError.SQLITE_BUSY {
                    harness.faults.heal()
                }
                try expectSoundParking(harness, seed)
            }
        }
        if random.chance(0.7) { harness.faults.heal() }
        for _ in 0..<100 {
            do {
                try harness.runOut()
                break
            } catch DatabaseError.SQLITE_BUSY {
                harness.faults.heal()
            }
        }
        return harness
    }

    private func expectSoundParking(_ harness: Harness, _ seed: UInt64) throws {
        let twoHeads = try harness.count(
            "SELECT count(*) FROM (SELECT 1 FROM parked WHERE next_attempt_at IS NOT NULL GROUP BY subject HAVING count(*) > 1)"
        )
        #expect(twoHeads == 0, "seed \(seed): one event of a subject is tried at a time")
        let notFirst = try harness.count(
            """
            SELECT count(*) FROM parked p WHERE next_attempt_at IS NOT NULL
                AND EXISTS (SELECT 1 FROM parked q WHERE q.subject = p.subject AND q.arrival < p.arrival)
            """)
        #expect(notFirst == 0, "seed \(seed): the first one is tried")
        let pastTheDead = try harness.count(
            """
            SELECT count(*) FROM parked p WHERE next_attempt_at IS NOT NULL
                AND EXISTS (SELECT 1 FROM dead_letters d WHERE d.subject = p.subject AND d.state = 'open')
            """)
        #expect(pastTheDead == 0, "seed \(seed): nothing is tried behind a dead letter")
        let forgotten = try harness.count(
            """
            SELECT count(*) FROM parked p
            WHERE NOT EXISTS (SELECT 1 FROM parked q WHERE q.subject = p.subject AND q.next_attempt_at IS NOT NULL)
                AND NOT EXISTS (SELECT 1 FROM dead_letters d WHERE d.subject = p.subject AND d.state = 'open')
            """)
        #expect(forgotten == 0, "seed \(seed): nothing waits for nothing")
    }

    @Test("whatever happened, the database equals its rebuild under any interleaving", arguments: 1...12)
    func rebuildEqualsLive(seed: UInt64) throws {
        let harness = try history(seed)
        let live = try harness.digest()
        #expect(!live.isEmpty)
        harness.faults.heal()
        for other in 1...4 { #expect(try harness.rebuiltDigest(seed: UInt64(other)) == live, "seed \(seed)") }
    }

    @Test(
        "whatever happened, each event is applied once, parked or dead, each subject in the order of its topic",
        arguments: 13...24)
    func exactlyOneFate(seed: UInt64) throws {
        let harness = try history(seed)
        let outbox = try harness.count("SELECT count(*) FROM outbox")
        #expect(outbox == 0)
        let known = try Set(harness.strings("SELECT lower(hex(event_id)) FROM inbox"))
        let parked = try Set(harness.strings("SELECT lower(hex(event_id)) FROM parked"))
        let dead = try Set(harness.strings("SELECT lower(hex(event_id)) FROM dead_letters"))
        func hex(_ id: EventID) -> String { id.description.replacing("-", with: "") }
        let applied = try harness.strings("SELECT event_id FROM journal ORDER BY n")
        #expect(Set(applied).count == applied.count, "seed \(seed): no effect twice")
        for topic in [Topic.orders, .payments] {
            var order: [String: [String]] = [:]
            for bytes in try harness.raw(topic) {
                guard let event = try? EventCoding.decode(bytes) else { continue }
                guard [World.Ordered.type, World.Paid.type, World.Withdrawn.type, "v2.Ordered"].contains(event.type)
                else { continue }
                let fates = [known, parked, dead].filter { $0.contains(hex(event.id)) }.count
                #expect(fates == 1, "seed \(seed): \(event.id) has \(fates) fates")
                if known.contains(hex(event.id)), !order[event.subject, default: []].contains(event.id.description) {
                    order[event.subject, default: []].append(event.id.description)
                }
            }
            for (subject, expected) in order {
                let ids = Set(expected)
                #expect(applied.filter { ids.contains($0) } == expected, "seed \(seed): \(subject) on \(topic)")
            }
        }
        #expect(Set(try harness.events(.inventory).map(\.id)).count == (try harness.events(.inventory).count))
        #expect(try harness.deadLetters().count == harness.count("SELECT count(*) FROM dead_letters"))
    }

    @Test("a rebuild sees what is applied and not yet published")
    func unpublished() throws {
        let harness = try Harness()
        for number in 0..<10 {
            try harness.emit(World.Ordered(quantity: 1, parts: 2), "o-\(number % 3)")
            _ = try harness.consumer.turn()
            if number == 4 { _ = try harness.relays[0].turn() }
        }
        #expect(try harness.count("SELECT count(*) FROM outbox") > 0)
        for seed in 1...5 { #expect(try harness.rebuiltDigest(seed: UInt64(seed)) == harness.digest()) }
    }

    @Test("a rebuild goes no further than the live database has read")
    func upToThePosition() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        try harness.run()
        try harness.emit(World.Ordered(), "a")
        try harness.emit(World.Paid(amount: 9), "a", on: .payments)
        #expect(try harness.rebuiltDigest(seed: 1) == harness.digest())
    }

    @Test("a log without the events that the database has seen is refused")
    func incomplete() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        try harness.run()
        let extent = try harness.node.database.read { try Rebuild.Extent(card: harness.card, live: $0) }
        #expect(throws: RebuildIncomplete.self) {
            try DatabaseQueue().inDatabase { db in
                try Rebuild(card: harness.card, log: InMemoryEventLog()).run(into: db, extent: extent)
            }
        }
    }
}
