import Contracts
import Delivery
import EventLog
import GRDB
import Testing

@Suite("An event that kills the process")
struct TrialTests {
    @Test("is set aside after the first death, and buried with the evidence after the third; others flow")
    func thirdDeath() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        try harness.emit(World.Paid(amount: 1), "a", on: .payments)
        try harness.emit(World.Ordered(), "b")
        harness.watch.die(on: .orders, 0, signal: 4)
        try harness.restart()
        try harness.run()
        #expect(try harness.journal() == ["b Ordered"])
        #expect(
            try harness.strings(
                "SELECT error_kind || ' ' || attempts FROM parked WHERE offset = 0 AND topic = 'orders'") == ["trap 1"])

        harness.watch.die(on: .orders, 0, signal: 4)
        try harness.restart()
        #expect(try harness.count("SELECT count(*) FROM dead_letters") == 0)
        #expect(try harness.count("SELECT attempts FROM parked WHERE error_kind = 'trap'") == 2)

        harness.watch.die(on: .orders, 0, signal: 4)
        try harness.restart()
        try harness.run()
        let letter = try #require(try harness.deadLetters().first)
        #expect(letter.errorKind == "trap")
        #expect(letter.attempts == 3)
        #expect(letter.error.contains("SIGILL"))
        #expect(try harness.count("SELECT count(*) FROM trials") == 0)
        #expect(try harness.count("SELECT count(*) FROM parked") == 1, "the payment waits behind the letter")
        #expect(try harness.digest() == harness.rebuiltDigest(seed: 2))
    }

    @Test("is handled when it does not kill again, and then nothing is left of it")
    func passes() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        try harness.emit(World.Paid(amount: 1), "a", on: .payments)
        harness.watch.die(on: .orders, 0)
        try harness.restart()
        try harness.runOut()
        #expect(try harness.journal() == ["a Ordered", "a Paid"])
        #expect(try harness.count("SELECT count(*) FROM trials") == 0)
        #expect(try harness.count("SELECT count(*) FROM parked") == 0)
    }

    @Test("is tried again only after a quiet moment, or after its delay at the latest")
    func quiet() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        harness.watch.die(on: .orders, 0)
        try harness.restart()
        try harness.run()
        let policy = RetryPolicy()
        for number in 0..<40 {
            harness.clock.advance(by: policy.quiet - .milliseconds(1))
            try harness.emit(World.Ordered(), "b\(number)")
            if harness.clock.now() - Harness.start >= policy.trialDelay { break }
            try harness.run()
            #expect(try harness.journal("a").isEmpty, "not while others keep it busy")
        }
        try harness.run()
        #expect(try harness.journal("a") == ["a Ordered"], "at the latest after its delay")
    }

    @Test("one death counts once, however often the process starts before it is on record")
    func once() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        harness.watch.die(on: .orders, 0)
        let death = try #require(harness.watch.lastDeath())
        try harness.restart()
        for _ in 0..<5 {
            harness.watch.repeatDeath(death)
            try harness.restart()
        }
        #expect(try harness.count("SELECT deaths FROM trials") == 1)
    }

    @Test("a start without evidence counts nothing: a kill from outside leaves none")
    func kill() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        harness.watch.trying(.orders, 0)
        for _ in 0..<5 { try harness.restart() }
        #expect(try harness.count("SELECT count(*) FROM trials") == 0)
        try harness.run()
        #expect(try harness.journal() == ["a Ordered"])
    }

    @Test("a letter whose retry kills the process stays at the desk, with that on record")
    func atTheDesk() throws {
        let harness = try Harness()
        harness.faults.fail("a", with: EventFault.brokenRule("never"))
        try harness.emit(World.Ordered(), "a")
        try harness.runOut()
        harness.watch.die(on: .orders, 0, signal: 6)
        try harness.restart()
        try harness.run()
        #expect(
            try harness.strings("SELECT state || ' ' || error_kind || ' ' || attempts FROM dead_letters") == [
                "open trap 2"
            ])
        #expect(try harness.strings("SELECT action || ' ' || actor FROM dead_letter_actions") == ["failed service"])
        #expect(try harness.count("SELECT count(*) FROM trials") == 0)
    }

    @Test("the mark names the event while it is handled, and none between two")
    func mark() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        try harness.run()
        #expect(harness.watch.current == nil)
        harness.faults.fail("b", with: EventFault.brokenRule("never"))
        try harness.emit(World.Ordered(), "b")
        try harness.run()
        #expect(harness.watch.current == nil)
        #expect(harness.watch.tried == [0, 1, 1])
    }
}
