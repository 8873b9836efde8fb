import Contracts
import EventLog

/// A hash of an event's bytes, to compare copies within one run of the audit.
struct EventDigest: Equatable, Sendable {
    private let value: Int

    init(_ bytes: ArraySlice<UInt8>) {
        var hasher = Hasher()
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        value = hasher.finalize()
    }
}

/// A service's copy of an event that is in the log as well.
struct KeptCopy: Sendable {
    let service: ServiceName
    /// Of the service's database.
    let table: String
    let offset: UInt64
    let digest: EventDigest
}

/// What the databases keep of events in the log: outboxes, parked events, dead letters.
struct KeptCopies: Sendable {
    private var copies: [Topic: [UInt64: [KeptCopy]]] = [:]

    init(_ services: some Sequence<ServiceFacts>) {
        for facts in services {
            for (topic, rows) in facts.outbox where Rules.writer(of: topic) == facts.service {
                // Sequences count from 1, offsets from 0.
                for row in rows where row.sequence > 0 {
                    add(facts.service, "outbox", topic, row.sequence - 1, row.digest)
                }
            }
            // No topic needs to hold an imported letter.
            for row in facts.desk.parked where facts.desk.letter(row.entry.id)?.isImported != true {
                add(facts.service, "parked", row.entry.topic, row.entry.offset, row.digest)
            }
            for letter in facts.desk.letters where !letter.isImported {
                let entry = letter.entry
                add(facts.service, "dead_letters", entry.topic, entry.offset, EventDigest(letter.bytes[...]))
            }
        }
    }

    /// By offset.
    subscript(topic: Topic) -> [UInt64: [KeptCopy]] { copies[topic] ?? [:] }

    private mutating func add(
        _ service: ServiceName, _ table: String, _ topic: Topic, _ offset: UInt64, _ digest: EventDigest
    ) {
        copies[topic, default: [:]][offset, default: []].append(
            KeptCopy(service: service, table: table, offset: offset, digest: digest))
    }
}
