import Contracts
import EventLog
import FileEventLog
import Foundation

/// 6. Offsets dense, hash chain whole, producer sequences gapless.
enum LogWhole {
    static func check(_ evidence: Evidence) -> InvariantCheck {
        var check = InvariantCheck(6, "The log is whole: offsets, hash chain, sequences")
        for topic in evidence.topics.values.sorted(by: { $0.topic.name < $1.topic.name }) {
            checkFiles(topic, &check)
            checkInjected(topic, &check)
            checkCopies(topic, &check)
            checkTypes(topic, &check)
            for (offset, reason) in topic.unreadable where !topic.isInjected(offset) {
                check.waiting(
                    "an event that cannot be read, so nothing is known of it: \(reason)", at: topic.place(offset))
            }
        }
        for (id, topic, offset) in evidence.index.repeated {
            if evidence.topic(topic).isInjected(offset) { continue }  // on record, and explained as such
            check.broken("an event that is in the log already", event: id, at: evidence.topic(topic).place(offset))
        }
        for service in ServiceName.allCases {
            guard let facts = evidence.services[service] else {
                if evidence.topic(service.topic).end > 0 {
                    check.waiting(
                        "no counter to compare the log with: \(evidence.noDatabase(of: service))", service: service)
                }
                continue
            }
            for topic in [service.topic, service.deadLetterTopic] { checkCounter(topic, facts, evidence, &check) }
            checkForeign(facts, &check)
        }
        return check
    }

    /// A service counts, keeps and reads no topics but those that the design gives it.
    private static func checkForeign(_ facts: ServiceFacts, _ check: inout InvariantCheck) {
        let service = facts.service
        let written: Set = [service.topic, service.deadLetterTopic]
        let read = Set(Rules.subscriptions(of: service).map(\.0))
        let foreign: [(topics: Set<Topic>, table: String, verb: String)] = [
            (Set(facts.counters.keys).subtracting(written), "outbox_topics", "write"),
            (Set(facts.outbox.keys).subtracting(written), "outbox", "write"),
            (Set(facts.positions.keys).subtracting(read), "consumer_positions", "consume"),
        ]
        for (topics, table, verb) in foreign {
            for topic in topics.sorted(by: { $0.name < $1.name }) {
                check.broken(
                    "\(table) has a row of topic '\(topic)', which \(service.rawValue) does not \(verb)",
                    service: service,
                    at: Place(file: "db/\(service.rawValue)/\(service.rawValue).db"))
            }
        }
    }

    /// What was handed in raw is on record, and is what the record says.
    private static func checkInjected(_ topic: TopicFacts, _ check: inout InvariantCheck) {
        for offset in topic.injected.keys.sorted() {
            guard let record = topic.injected[offset], let event = topic[offset] else { continue }
            check.checked += 1
            if topic.isEvent(event), let id = record.id, id != event.id {
                check.broken(
                    "the record of what was handed in raw says another event (\(id))", event: event.id,
                    at: topic.place(offset))
            } else {
                check.explained(
                    "\(topic.typeName(of: event)) was handed in raw by \(record.actor): its owner never said it",
                    event: topic.isEvent(event) ? event.id : nil, at: topic.place(offset))
            }
        }
    }

    /// A service acts on its own copy of an event that it set aside, and publishes its outbox byte for byte.
    private static func checkCopies(_ topic: TopicFacts, _ check: inout InvariantCheck) {
        for copy in topic.otherCopies {
            let event = topic[copy.offset]
            check.broken(
                "the copy in \(copy.table) of \(copy.service.rawValue) has other bytes than the log",
                order: event?.order,
                event: event.flatMap { topic.isEvent($0) ? $0.id : nil }, service: copy.service,
                at: topic.place(copy.offset))
        }
    }

    /// What no type is known for, nobody's rules look at: a version of its own is a known fact's twin, or says something
    /// that is not known.
    private static func checkTypes(_ topic: TopicFacts, _ check: inout InvariantCheck) {
        guard Rules.writer(of: topic.topic) != nil, topic.types.contains(where: { EventKind.byType[$0] == nil }) else {
            return
        }
        let twins = Set(topic.twins.values)
        for (offset, event) in topic.said where event.kind == nil && topic.isEvent(event) {
            let type = topic.typeName(of: event)
            guard EventKind.byType[type] == nil, topic.twins[offset] == nil, !twins.contains(event.id) else { continue }
            check.waiting(
                "an event of type \(type), which the audit does not know, so nothing is known of it",
                order: event.order,
                event: event.id, at: topic.place(offset))
        }
    }

    private static func checkFiles(_ topic: TopicFacts, _ check: inout InvariantCheck) {
        if let finding = topic.verified {
            check.checked += finding.frames
            for fault in finding.faults { check.broken("\(fault)", at: place(of: fault, topic)) }
            if finding.faults.isEmpty, finding.nextSequence != finding.nextOffset + 1, finding.nextSequence > 0 {
                check.broken(
                    "the last event has sequence \(finding.nextSequence - 1) and offset \(finding.nextOffset - 1): "
                        + "sequences count from 1, offsets from 0", at: topic.place(finding.nextOffset - 1))
            }
        }
        // What verifying saw already is not said twice.
        if let fault = topic.fault, topic.verified?.faults.isEmpty ?? true {
            check.broken("\(fault)", at: place(of: fault, topic))
        }
        if topic.first > 0 {
            check.waiting(
                "history before offset \(topic.first) of \(topic.topic) is not at hand, the first offset kept",
                at: topic.place(topic.first))
        }
    }

    private static func place(of fault: LogError, _ topic: TopicFacts) -> Place {
        switch fault {
        case .corrupt(_, let file, let byte, _): Place(file: relative(file, topic.topic), offset: byte)
        case .unreadable(_, let file, _, _): Place(file: relative(file, topic.topic))
        case .acknowledgedDataLost(_, let end, _, _): topic.place(end)
        default: Place(file: "log/\(topic.topic)")
        }
    }

    /// From the topic's folder on.
    private static func relative(_ file: String, _ topic: Topic) -> String {
        guard let found = file.range(of: "/log/\(topic.name)/", options: .backwards) else { return file }
        return String(file[file.index(after: found.lowerBound)...])
    }

    /// The owner's counters, its outbox and the log must agree on every sequence.
    private static func checkCounter(
        _ topic: Topic, _ facts: ServiceFacts, _ evidence: Evidence, _ check: inout InvariantCheck
    ) {
        let read = evidence.topic(topic)
        let place = read.place(read.end)
        let counter = facts.counters[topic] ?? ServiceFacts.Counter(next: 1, published: 0)
        check.checked += 1
        guard read.fault == nil else { return }
        if let latest = evidence.latestCounters[facts.service] {
            let made = (latest[topic]?.next ?? 1) - 1
            if read.end > made {
                check.broken(
                    "\(topic) holds \(read.end) events, its owner made \(made): the database is older than the log",
                    service: facts.service, at: place)
            }
        } else if read.end >= counter.next {
            check.waiting(
                "\(facts.service.rawValue) went on while the evidence was read: its counter is not known",
                service: facts.service, at: place)
        }
        let rows = facts.outbox[topic] ?? []
        for row in rows {
            guard let event = row.event else {
                if facts.desk.injected[topic]?[row.sequence - 1] != nil { continue }  // bytes that are meant to be none
                check.broken("sequence \(row.sequence) in the outbox is no event", service: facts.service, at: place)
                continue
            }
            if row.sequence <= read.end, let logged = read[row.sequence - 1], logged.id != event.id {
                check.broken(
                    "sequence \(row.sequence) is another event in the outbox (\(event.id)) than in the log",
                    event: logged.id,
                    service: facts.service, at: read.place(row.sequence - 1))
            }
        }
        if counter.published > read.end {
            check.broken(
                "\(topic) ends at sequence \(read.end), its owner saw \(counter.published) in it",
                service: facts.service,
                at: place)
        }
        checkRows(rows.map(\.sequence), counter, read, facts, &check)
        guard read.end + 1 < counter.next else { return }
        let waiting = rows.count { $0.sequence > read.end && $0.sequence < counter.next }
        let lost = counter.next - 1 - read.end - UInt64(waiting)
        if lost > 0 {
            let first = firstMissing(in: rows.map(\.sequence), from: read.end + 1)
            check.broken(
                "\(lost) events of \(topic) are neither in the log nor in the outbox, from sequence \(first) on",
                service: facts.service, at: place)
        } else if counter.published <= read.end {
            check.waiting(
                "\(facts.service.rawValue) has \(waiting) \(waiting == 1 ? "event" : "events") for \(topic) in its outbox",
                service: facts.service,
                at: place)
        }
    }

    /// The outbox holds what its owner made and does not know to be in the log, no more and no less: it refuses to start
    /// otherwise.
    private static func checkRows(
        _ sequences: [UInt64], _ counter: ServiceFacts.Counter, _ read: TopicFacts, _ facts: ServiceFacts,
        _ check: inout InvariantCheck
    ) {
        let place = read.place(read.end)
        if counter.published >= counter.next {
            check.broken(
                "\(read.topic): its owner published up to sequence \(counter.published), and made \(counter.next - 1)",
                service: facts.service, at: place)
        }
        if let last = sequences.max(), last >= counter.next {
            check.broken(
                "the outbox holds sequence \(last) of \(read.topic), its owner made \(counter.next - 1)",
                service: facts.service, at: place)
        }
        // What the log holds, too: what it does not is said as lost.
        let first = firstMissing(in: sequences, from: counter.published + 1)
        if first < counter.next, first <= read.end {
            check.broken(
                "the outbox lacks sequence \(first) of \(read.topic), which its owner does not know to be published: it "
                    + "refuses to start", service: facts.service, at: read.place(first - 1))
        }
    }

    /// - Parameter sequences: as they come.
    private static func firstMissing(in sequences: [UInt64], from first: UInt64) -> UInt64 {
        let present = Set(sequences)
        var next = first
        while present.contains(next) { next += 1 }
        return next
    }
}
