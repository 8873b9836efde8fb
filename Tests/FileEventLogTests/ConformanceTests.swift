import Contracts
import EventLog
import Foundation
import Testing
import TestSupport

/// What every log must do that claims to be one; a log may decline a promise by name (`LogUnderTest`).
@Suite("Every event log", .tags(.unit), .timeLimit(.minutes(5)))
struct ConformanceTests {
    // MARK: Order

    @Test("a topic nobody wrote yet reads as empty", arguments: LogUnderTest.keeping(.order))
    func emptyTopic(_ subject: LogUnderTest) throws {
        let storage = try subject.make()
        let reader = try storage.log.openReader(of: .test, from: nil)
        #expect(try reader.read(maximumEvents: 10, maximumBytes: 1000).isEmpty)
        #expect(try reader.end() == 0)
        #expect(reader.position.nextOffset == 0)
    }

    @Test("a reader that came before the topic finds what is appended later", arguments: LogUnderTest.keeping(.order))
    func topicAppearsLater(_ subject: LogUnderTest) throws {
        let storage = try subject.make()
        let reader = try storage.log.openReader(of: .test, from: nil)
        #expect(try drain(reader).isEmpty)
        let writer = try storage.log.openWriter(of: .test)
        #expect(writer.lastSequence == 0)
        #expect(try drain(reader).isEmpty)
        try writer.append(events(0..<3), firstSequence: 1)
        #expect(try drain(reader) == events(0..<3))
        #expect(writer.lastSequence == 3)
        #expect(try reader.end() == 3)
    }

    @Test(
        "events come back in order, unchanged, with dense offsets, in bites of any size",
        arguments: LogUnderTest.keeping(.order))
    func order(_ subject: LogUnderTest) throws {
        let storage = try subject.make()
        let writer = try storage.log.openWriter(of: .test)
        var random = SeededRandom(seed: 3)
        var all: [[UInt8]] = []
        for _ in 0..<40 {
            let batch = (0..<1 + random.below(9)).map { event(all.count + $0, bytes: random.below(120)) }
            try writer.append(batch, firstSequence: UInt64(all.count) + 1)
            all += batch
        }
        for bite in [1, 2, 7, 1000] { #expect(try readAll(storage.log, maximumEvents: bite) == all) }
        let byBytes = try storage.log.openReader(of: .test, from: nil)
        #expect(try drain(byBytes, maximumBytes: 100) == all)
        #expect(try storage.log.openReader(of: .test, from: nil).read(maximumEvents: 1000, maximumBytes: 0).count == 1)
    }

    @Test("empty events, and events of one byte, are events", arguments: LogUnderTest.keeping(.order))
    func smallEvents(_ subject: LogUnderTest) throws {
        let storage = try subject.make()
        let writer = try storage.log.openWriter(of: .test)
        let odd: [[UInt8]] = [[], [0], [], [255], [0, 0, 0, 0, 0, 0, 0], []]
        try writer.append(odd, firstSequence: 1)
        try writer.append([[]], firstSequence: 7)
        #expect(try readAll(storage.log) == odd + [[]])
    }

    @Test("topics do not mix", arguments: LogUnderTest.keeping(.order))
    func topicsAreApart(_ subject: LogUnderTest) throws {
        let storage = try subject.make()
        let one = try storage.log.openWriter(of: .orders)
        let other = try storage.log.openWriter(of: .payments)
        try one.append(events(0..<5), firstSequence: 1)
        try other.append(events(100..<102), firstSequence: 1)
        try one.append(events(5..<7), firstSequence: 6)
        #expect(try readAll(storage.log, .orders) == events(0..<7))
        #expect(try readAll(storage.log, .payments) == events(100..<102))
        #expect(
            try storage.log.openReader(of: .orders, from: nil).read(maximumEvents: 1, maximumBytes: 1)[0].topic
                == .orders)
    }

    @Test(
        "a position stored after any event goes on with the next, in another process too",
        arguments: LogUnderTest.keeping(.order))
    func positionsResume(_ subject: LogUnderTest) throws {
        let storage = try subject.make()
        let writer = try storage.log.openWriter(of: .test)
        for batch in 0..<12 {
            try writer.append(events(batch * 5..<batch * 5 + 5), firstSequence: UInt64(batch * 5 + 1))
        }
        let reader = try storage.log.openReader(of: .test, from: nil)
        for next in 0...60 {
            let position = reader.position
            #expect(position.nextOffset == UInt64(next))
            #expect(try readAll(storage.reopened(), from: position) == events(next..<60))
            _ = try reader.read(maximumEvents: 1, maximumBytes: 1000)
        }
    }

    @Test("a position at the end waits for what comes next", arguments: LogUnderTest.keeping(.order))
    func positionAtEnd(_ subject: LogUnderTest) throws {
        let storage = try subject.make()
        let writer = try storage.log.openWriter(of: .test)
        try writer.append(events(0..<3), firstSequence: 1)
        let reader = try storage.log.openReader(of: .test, from: nil)
        _ = try drain(reader)
        let position = reader.position
        for batch in 0..<30 {
            try writer.append(events(batch * 3 + 3..<batch * 3 + 6), firstSequence: UInt64(batch * 3 + 4))
        }
        #expect(try readAll(storage.reopened(), from: position) == events(3..<93))
        #expect(try drain(reader) == events(3..<93))
    }

    @Test("a position past the end is refused: what it saw is gone", arguments: LogUnderTest.keeping(.order))
    func positionPastEnd(_ subject: LogUnderTest) throws {
        let storage = try subject.make()
        let writer = try storage.log.openWriter(of: .test)
        try writer.append(events(0..<3), firstSequence: 1)
        let reader = try storage.log.openReader(of: .test, from: Position(nextOffset: 4, token: []))
        let error = #expect(throws: LogError.self) { try reader.read(maximumEvents: 1, maximumBytes: 1) }
        #expect(error == .acknowledgedDataLost(topic: .test, end: 3, expected: 4, witness: "this reader"))
    }

    // MARK: Durability

    @Test(
        "what was appended is there after closing and opening, again and again",
        arguments: LogUnderTest.keeping(.durability))
    func reopening(_ subject: LogUnderTest) throws {
        let storage = try subject.make()
        var all: [[UInt8]] = []
        for round in 0..<25 {
            let log = storage.reopened()
            let writer = try log.openWriter(of: .test)
            #expect(writer.lastSequence == UInt64(all.count))
            let batch = events(all.count..<all.count + round % 4)
            try writer.append(batch, firstSequence: UInt64(all.count) + 1)
            all += batch
            writer.close()
            #expect(try readAll(log) == all)
        }
    }

    // MARK: Idempotence

    @Test("the same bytes under a known sequence are not appended again", arguments: LogUnderTest.keeping(.idempotence))
    func sameAgain(_ subject: LogUnderTest) throws {
        let storage = try subject.make()
        let writer = try storage.log.openWriter(of: .test)
        for batch in 0..<20 {
            try writer.append(events(batch * 4..<batch * 4 + 4), firstSequence: UInt64(batch * 4 + 1))
        }
        try writer.append(events(0..<80), firstSequence: 1)
        try writer.append(events(33..<34), firstSequence: 34)
        try writer.append([], firstSequence: 81)
        #expect(writer.lastSequence == 80)
        #expect(try readAll(storage.log) == events(0..<80))
        if subject.promises.contains(.durability) {
            writer.close()
            let again = try storage.reopened().openWriter(of: .test)
            try again.append(events(0..<80), firstSequence: 1)
            #expect(again.lastSequence == 80)
            #expect(try readAll(storage.reopened()) == events(0..<80))
        }
    }

    @Test("a batch that begins in what is known appends the rest", arguments: LogUnderTest.keeping(.idempotence))
    func overlap(_ subject: LogUnderTest) throws {
        let storage = try subject.make()
        let writer = try storage.log.openWriter(of: .test)
        try writer.append(events(0..<10), firstSequence: 1)
        try writer.append(events(6..<14), firstSequence: 7)
        #expect(try readAll(storage.log) == events(0..<14))
        #expect(writer.lastSequence == 14)
    }

    @Test(
        "other bytes under a known sequence are refused, with the offset, and nothing is appended",
        arguments: LogUnderTest.keeping(.idempotence))
    func otherBytes(_ subject: LogUnderTest) throws {
        let storage = try subject.make()
        let writer = try storage.log.openWriter(of: .test)
        try writer.append(events(0..<30), firstSequence: 1)
        var batch = events(20..<35)
        batch[4] = event(999)
        #expect(throws: LogError.sequenceReused(topic: .test, sequence: 25, offset: 24)) {
            try writer.append(batch, firstSequence: 21)
        }
        #expect(throws: LogError.sequenceReused(topic: .test, sequence: 1, offset: 0)) {
            try writer.append([event(1)], firstSequence: 1)
        }
        #expect(try readAll(storage.log) == events(0..<30))
        try writer.append(events(30..<31), firstSequence: 31)
        #expect(try readAll(storage.log) == events(0..<31))
    }

    @Test("a gap in the sequence is refused", arguments: LogUnderTest.keeping(.idempotence), [UInt64(0), 5, 6, .max])
    func gap(_ subject: LogUnderTest, first: UInt64) throws {
        let storage = try subject.make()
        let writer = try storage.log.openWriter(of: .test)
        try writer.append(events(0..<3), firstSequence: 1)
        #expect(throws: LogError.sequenceGap(topic: .test, expected: 4, got: first)) {
            try writer.append(events(0..<2), firstSequence: first)
        }
        #expect(try readAll(storage.log) == events(0..<3))
    }

    // MARK: Fencing

    @Test(
        "a second writer is refused until the first is closed, which then writes no more",
        arguments: LogUnderTest.keeping(.fencing))
    func oneWriter(_ subject: LogUnderTest) throws {
        let storage = try subject.make()
        let first = try storage.log.openWriter(of: .test)
        try first.append(events(0..<1), firstSequence: 1)
        let error = #expect(throws: LogError.self) { try storage.reopened().openWriter(of: .test) }
        guard case .writerExists(.test, _, _) = error else {
            Issue.record("expected writerExists, got \(String(describing: error))")
            return
        }
        first.close()
        first.close()
        let second = try storage.reopened().openWriter(of: .test)
        #expect(throws: LogError.closed(topic: .test)) { try first.append(events(1..<2), firstSequence: 2) }
        try second.append(events(1..<2), firstSequence: 2)
        first.close()
        #expect(throws: LogError.self) { try storage.log.openWriter(of: .test) }
        second.close()
        #expect(try readAll(storage.log) == events(0..<2))
    }

    // MARK: Retention

    @Test(
        "what was moved away is gone by name, what is left reads as before, and positions in it go on",
        arguments: LogUnderTest.keeping(.retention))
    func retention(_ subject: LogUnderTest) throws {
        let storage = try subject.make()
        let writer = try storage.log.openWriter(of: .test)
        let all = events(0..<90, bytes: 150)
        for number in all.indices { try writer.append([all[number]], firstSequence: UInt64(number) + 1) }
        let reader = try storage.log.openReader(of: .test, from: nil)
        _ = try reader.read(maximumEvents: 80, maximumBytes: 1 << 20)
        try storage.retire(.test, 60)

        let rest = try readAll(storage.reopened())
        let first = 90 - rest.count
        #expect((1...60).contains(first), "something went, and nothing above the offset did")
        #expect(rest == Array(all[first...]))
        #expect(try drain(reader) == Array(all[80...]), "a reader beyond it goes on")
        #expect(try readAll(storage.reopened(), from: reader.position).isEmpty)
        let below = try storage.reopened().openReader(of: .test, from: Position(nextOffset: 0, token: []))
        #expect(throws: LogError.archived(topic: .test, offset: 0, firstKept: UInt64(first))) {
            try below.read(maximumEvents: 1, maximumBytes: 1)
        }
        try writer.append([event(90)], firstSequence: 91)
        #expect(try drain(reader) == [event(90)])
        #expect(writer.lastSequence == 91)
    }

    // MARK: Wake-up

    @Test(
        "a watcher hears of every append, also to a topic that is made later", arguments: LogUnderTest.keeping(.wakeUp))
    func wakeUp(_ subject: LogUnderTest) async throws {
        let storage = try subject.make()
        let bell = Doorbell()
        let watch = try storage.reopened().watch([.test, .orders], ring: bell)
        defer { watch.close() }
        let writer = try storage.log.openWriter(of: .test)
        let reader = try storage.reopened().openReader(of: .test, from: nil)
        var seen = 0
        for round in 0..<20 {
            try writer.append(events(round..<round + 1), firstSequence: UInt64(round) + 1)
            while seen == round {
                seen += try drain(reader).count
                if seen == round { await bell.wait() }
            }
            #expect(seen == round + 1)
        }
        let late = try storage.log.openWriter(of: .orders)
        try late.append(events(0..<1), firstSequence: 1)
        let lateReader = try storage.log.openReader(of: .orders, from: nil)
        while try drain(lateReader).isEmpty { await bell.wait() }
    }

    @Test("a reader that waits by itself is told of an append", arguments: LogUnderTest.keeping(.wakeUp))
    func waitingReader(_ subject: LogUnderTest) throws {
        let storage = try subject.make()
        let reader = try storage.reopened().openReader(of: .test, from: nil)
        #expect(try !reader.wait(atMost: .milliseconds(1)), "before there is a topic")
        let writer = try storage.log.openWriter(of: .test)
        #expect(try !reader.wait(atMost: .milliseconds(1)), "before there is an event")
        for round in 0..<20 {
            let appending = Thread { try? writer.append([event(round)], firstSequence: UInt64(round) + 1) }
            appending.start()
            // A wait that misses an append goes on for good: the suite's time limit ends it.
            while try !reader.wait(atMost: .seconds(60)) {}
            #expect(try drain(reader) == [event(round)])
        }
    }
}
