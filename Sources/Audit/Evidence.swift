import Contracts
import EventLog
import FileEventLog
import Foundation
import GRDB

/// Everything that is known of a run, read in an order that a moving system cannot turn into a false alarm.
///
/// What a service does is one transaction (rows, position, outbox), then an append to its topic, and only then can
/// anybody else know. So what is read later must know at least what was read before:
///
/// 1. the journals, the last entry of the ledger, the length of the mailbox;
/// 2. each database, in one transaction: every order of a journal must be in there;
/// 3. the end of every topic (`TopicFacts.settled`);
/// 4. every topic, to an end that may be later: every position of 2 is in there, every event below 3 finds its cause,
///    and every sequence up to the counters of 2 is in there or was in the outbox of 2;
/// 5. the outbox counters once more, and what was handed in raw: no log ends above them, and every injected event of 4 is
///    known as one;
/// 6. the ledger and the mailbox: every PaymentSucceeded and NotificationSent of 4 is in there.
///
/// - Guarantee: what is missing where a later reading should hold it is lost; what an earlier reading could not know
///   yet (an event above 3, a ledger entry or message above 1, a sequence above the counters of 2) is in flight.
/// - If broken: an audit during a sale calls a healthy shop broken, or an audit at rest calls a lost order late.
struct Evidence {
    let directory: String
    let databases: EvidenceDatabases
    private(set) var journals: JournalFacts
    private(set) var services: [ServiceName: ServiceFacts] = [:]
    private(set) var domain = DomainFacts()
    /// Databases that are there and cannot be read, by service or `payment-gateway`.
    private(set) var unreadable: [String: String] = [:]
    /// What is wrong with the databases as such, by the same names.
    private(set) var damage: [String: [String]] = [:]
    /// What a database lacks that its owner makes anew, by the same names.
    private(set) var doubts: [String: [String]] = [:]
    /// Positions that their consumers cannot read on from.
    private(set) var lostPositions: [(service: ServiceName, topic: Topic, reason: String)] = []
    private(set) var topics: [Topic: TopicFacts] = [:]
    /// The counters of 5; nil where they could not be read once more.
    private(set) var latestCounters: [ServiceName: [Topic: ServiceFacts.Counter]] = [:]
    /// Nil where there is no ledger.
    private(set) var ledger: LedgerFacts?
    private(set) var settledLedgerEntry: Int64 = 0
    private(set) var settledMailBytes = 0
    /// Read last, by invariant 5.
    var mailbox: String { directory + "/" + MailboxReader.file }
    private(set) var orders = OrderTable()
    private(set) var index = EventIndex([])
    private(set) var inFlight = InFlight()
    private(set) var held = HeldEvents()

    static let gateway = "payment-gateway"

    /// - Parameters:
    ///   - isOwnCopy: whether nobody but the audit uses the directory.
    ///   - afterStage: called after each of the readings above but the last.
    /// - Throws: `AuditError.nothingToAudit`.
    init(directory: String, isOwnCopy: Bool, afterStage: (EvidenceStage) throws -> Void) throws {
        self.directory = directory
        databases = EvidenceDatabases(directory: directory, areOwn: isOwnCopy)

        journals = JournalFacts(directory: directory + "/sale")
        // What is wrong with it is reported when it is read whole.
        let before = try? databases.gateway.read { try LedgerFacts.lastEntry($0) }
        settledLedgerEntry = before ?? 0
        settledMailBytes = MailboxReader.size(path: mailbox)
        try afterStage(.journals)

        let readings = Parallel.map(ServiceName.allCases) { [databases] in Self.read($0, from: databases[$0]) }
        for reading in readings { merge(reading) }
        try afterStage(.databases)
        let log = FileEventLog(
            directory: directory + "/log", archive: directory + "/archive", now: { Timestamp(microseconds: 0) },
            randomBytes: { _ in [] })
        let ends = topicEnds(log)
        try afterStage(.ends)
        readTopics(log, ends)
        checkPositions(log)
        try afterStage(.topics)

        for service in services.keys {
            let latest = try? databases[service].read { db in
                try StorageCheck.requireCells(["outbox_topics", "injected"], of: StoredTables.of(service), in: db)
                return (try ServiceFacts.counters(db), try DeskFacts.injected(db))
            }
            latestCounters[service] = latest?.0  // nil: not compared
            let injected = latest?.1 ?? services[service]?.desk.injected ?? [:]
            for (topic, events) in injected where topic == service.topic { topics[topic]?.setInjected(events) }
        }
        try afterStage(.counters)
        readLedger()

        let hasEvidence = !services.isEmpty || !unreadable.isEmpty || ledger != nil || journals.files > 0
        guard hasEvidence || topics.values.contains(where: { $0.verified != nil }) else {
            throw AuditError.nothingToAudit(directory)
        }
        orders = OrderTable(topics: topics)
        index = EventIndex(topics.values.sorted { $0.topic.name < $1.topic.name })
        inFlight = InFlight(self)
        held = HeldEvents(services.values)
    }

    func topic(_ topic: Topic) -> TopicFacts {
        topics[topic] ?? TopicFacts(topic: topic)
    }

    var events: Int { topics.values.reduce(0) { $0 + $1.events.count } }

    /// Orders known to the log, the Order database or a journal.
    var orderCount: Int {
        var ids = Set(orders.facts.map(\.id))
        ids.formUnion(domain.orders?.keys.map(\.self) ?? [])
        ids.formUnion(journals.acknowledged.map(\.order))
        return ids.count
    }

    /// Whether the owner's database, as it was read, already held the event at an offset of its own topic.
    func hasWritten(_ topic: Topic, offset: UInt64) -> Bool {
        Rules.writer(of: topic).flatMap { services[$0] }?.hasWritten(topic, offset: offset) ?? false
    }

    /// Whether the event was there before any topic was read, and before the databases were.
    func isSettled(_ topic: Topic, offset: UInt64) -> Bool {
        guard offset < self.topic(topic).settled else { return false }
        guard let owner = Rules.writer(of: topic), let facts = services[owner] else { return true }
        return facts.hasWritten(topic, offset: offset)
    }

    // MARK: - Reading

    private struct ServiceReading: Sendable {
        let service: ServiceName
        var facts: ServiceFacts?
        var domain = DomainFacts()
        var storage = Storage()
    }

    /// How a database was found.
    private struct Storage: Sendable {
        /// Why it cannot be read.
        var fault: String?
        var damage: [String] = []
        var doubts: [String] = []

        /// Reads a database if it is whole; nil where it is not, or cannot be read.
        mutating func read<Value>(
            _ database: EvidenceDatabase, _ tables: [StoredTable], _ body: (Database) throws -> Value
        ) -> Value? {
            guard database.exists else { return nil }
            do {
                let (value, check) = try database.read { db in
                    let check = try StorageCheck(tables, in: db, file: database.path)
                    return (check.damage.isEmpty ? try body(db) : nil, check)
                }
                (damage, doubts, fault) = (check.damage, check.doubts, check.damage.first)
                return value
            } catch let AuditError.damaged(file, reason) {
                damage = [reason]
                fault = "\(AuditError.damaged(file: file, reason: reason))"
            } catch {
                fault = "\(error)"
            }
            return nil
        }
    }

    private static func read(_ service: ServiceName, from database: EvidenceDatabase) -> ServiceReading {
        var reading = ServiceReading(service: service)
        let read = reading.storage.read(database, StoredTables.of(service)) { db in
            var domain = DomainFacts()
            try DeliverySchema.require(in: db, file: database.path)
            try domain.read(service, db)
            return (try ServiceFacts(of: service, in: db), domain)
        }
        if let (facts, domain) = read {
            reading.facts = facts
            reading.domain = domain
        }
        return reading
    }

    private mutating func readLedger() {
        var storage = Storage()
        ledger = storage.read(databases.gateway, StoredTables.gateway) { try LedgerFacts($0) }
        note(storage, of: Self.gateway)
    }

    private mutating func note(_ storage: Storage, of name: String) {
        unreadable[name] = storage.fault
        damage[name] = storage.damage.isEmpty ? nil : storage.damage
        doubts[name] = storage.doubts.isEmpty ? nil : storage.doubts
    }

    /// After the topics: what a consumer has read is there by now.
    private mutating func checkPositions(_ log: FileEventLog) {
        for service in ServiceName.allCases {
            for (topic, position) in services[service]?.positions ?? [:] where !position.token.isEmpty {
                // Beyond the end, or in a topic that is damaged itself, others say so.
                guard self.topic(topic).fault == nil, position.nextOffset <= self.topic(topic).end else { continue }
                do {
                    try log.check(position, of: topic)
                } catch {
                    lostPositions.append((service, topic, "\(error)"))
                }
            }
        }
    }

    private mutating func merge(_ reading: ServiceReading) {
        services[reading.service] = reading.facts
        note(reading.storage, of: reading.service.rawValue)
        switch reading.service {
        case .order:
            domain.orders = reading.domain.orders
            domain.prices = reading.domain.prices
        case .inventory:
            domain.stock = reading.domain.stock
            domain.reservations = reading.domain.reservations
        case .payment:
            domain.payments = reading.domain.payments
            domain.charges = reading.domain.charges
        case .notification:
            domain.notifications = reading.domain.notifications
            domain.mail = reading.domain.mail
        case .analytics: domain.figures = reading.domain.figures
        }
    }

    /// The longest first, so that two cores end at about the same time.
    private func topicEnds(_ log: FileEventLog) -> [(topic: Topic, end: UInt64)] {
        let directory = directory + "/log"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []  // no log: no topics
        return names.map { Topic($0) }.filter { TopicFacts.exists($0, in: directory) }.map { topic in
            let end = (try? log.openReader(of: topic, from: nil).end()) ?? 0  // what is wrong, its reading says
            return (topic, end)
        }.sorted { ($0.end, $1.topic.name) > ($1.end, $0.topic.name) }
    }

    private mutating func readTopics(_ log: FileEventLog, _ ends: [(topic: Topic, end: UInt64)]) {
        let directory = directory + "/log"
        let copies = KeptCopies(services.values)
        let read = Parallel.map(ends) { topic, end in
            TopicFacts(reading: topic, of: log, directory: directory, settled: end, copies: copies[topic])
        }
        for facts in read { topics[facts.topic] = facts }
    }
}

/// The readings of `Evidence`, in their order.
package enum EvidenceStage: CaseIterable, Sendable {
    case journals, databases, ends, topics, counters
}
