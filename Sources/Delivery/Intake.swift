import Contracts
import EventLog
import GRDB

/// A consumer's readers: takes events from each topic in turn, beginning with another one every time.
final class Intake {
    struct Batch {
        fileprivate(set) var events: [LoggedEvent] = []
        /// Topics of which it holds events: where their readers stand is the new position.
        fileprivate var topics: [Int] = []

        var isEmpty: Bool { events.isEmpty }

        mutating func removeAll() {
            events.removeAll(keepingCapacity: true)
            topics.removeAll(keepingCapacity: true)
        }
    }

    private let node: ServiceNode
    private let log: any EventLog
    private let topics: [Topic]
    private var readers: [any TopicReader]
    private var firstTopic = 0
    private let disorder: DeliveryDisorder
    private var dice: SeededDice

    private let batchBytes: Int

    init(node: ServiceNode, log: any EventLog, limits: Consumer.Limits) throws {
        self.node = node
        self.log = log
        batchBytes = limits.batchBytes
        disorder = limits.disorder
        dice = SeededDice(seed: limits.disorder.seed)
        topics = node.card.topics
        readers = try Self.open(node, log)
    }

    private static func open(_ node: ServiceNode, _ log: any EventLog) throws -> [any TopicReader] {
        let topics = node.card.topics
        let positions = try node.database.read { db in try topics.map { try ConsumerPositions.load($0, db) } }
        return try zip(topics, positions).map {
            try log.openReader(of: $0, from: $1 ?? Position(nextOffset: 0, token: []))
        }
    }

    func close() {
        for reader in readers { reader.close() }
    }

    /// Back to the stored positions: what was taken and not committed comes again.
    func rewind() throws {
        let fresh = try Self.open(node, log)
        close()
        readers = fresh
    }

    func next(_ limit: Int) throws -> Batch {
        if disorder.shuffle { return try nextShuffled(limit) }
        var batch = Batch()
        for step in topics.indices where batch.events.count < limit {
            try take(limit - batch.events.count, from: (firstTopic + step) % topics.count, into: &batch)
        }
        firstTopic = (firstTopic + 1) % max(1, topics.count)
        return batch
    }

    /// Topics in random order, of each a random number of events.
    private func nextShuffled(_ limit: Int) throws -> Batch {
        var batch = Batch()
        for index in topics.indices.shuffled(using: &dice) {
            // Small numbers come about as often as large ones: one event, two or three, four to seven, …
            let bits = dice.below(limit.bitWidth - limit.leadingZeroBitCount + 1)
            try take(1 + dice.below(min(limit, 1 << bits)), from: index, into: &batch)
        }
        return batch
    }

    /// *Guarantee*: what was taken before a topic that cannot be read is handled; the fault comes again at the next turn.
    /// *If broken*: readers have moved past events that nobody handled, and the next position that is stored skips them.
    private func take(_ limit: Int, from index: Int, into batch: inout Batch) throws {
        let events: [LoggedEvent]
        do {
            events = try readers[index].read(maximumEvents: limit, maximumBytes: batchBytes)
        } catch {
            #if MUTANTS
                if Mutant.takenEventsForgotten.isOn { throw error }
            #endif
            guard batch.isEmpty else { return }
            throw error
        }
        guard !events.isEmpty else { return }
        batch.events += events
        if disorder.twice { batch.events += events }
        batch.topics.append(index)
    }

    func storePositions(_ batch: Batch, _ db: Database) throws {
        for index in batch.topics {
            try ConsumerPositions.store(readers[index].position, of: topics[index], db)
        }
    }
}

/// SplitMix64 (prng.di.unimi.it/splitmix64.c): the same disorder for the same seed.
private struct SeededDice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func below(_ bound: Int) -> Int {
        Int(next() % UInt64(bound))
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
