import Contracts
import EventLog

extension Evidence {
    /// Why the log's word is not complete, naming the first topic that is not read from offset 0 to its end.
    ///
    /// What is missing in a topic with a gap is not known to be missing.
    func gap(in topics: Topic...) -> String? {
        for topic in topics {
            let facts = self.topic(topic)
            if facts.fault != nil { return "\(topic) can be read up to offset \(facts.end) only" }
            if facts.first > 0 { return "\(topic) begins at offset \(facts.first), what was before is not at hand" }
        }
        return nil
    }

    /// The same over all topics there are.
    var anyGap: String? {
        topics.keys.sorted { $0.name < $1.name }.lazy.compactMap { gap(in: $0) }.first
    }

    /// Why the owner's database, as it was read, did not hold an event of its own topic that the log holds.
    func lateness(_ topic: Topic, offset: UInt64) -> String {
        guard let owner = Rules.writer(of: topic) else { return "it came while the evidence was read" }
        // Read once more at the end: an owner that went on knows it by now.
        if let latest = latestCounters[owner], offset + 1 >= latest[topic]?.next ?? 1 {
            return "the database of \(owner.rawValue) does not know it, and is older than the log"
        }
        return "it came while the evidence was read"
    }

    /// Why a service's database says nothing.
    func noDatabase(of service: ServiceName) -> String {
        unreadable[service.rawValue].map { "the database of \(service.rawValue) cannot be read: \($0)" }
            ?? "\(service.rawValue) has no database: \(absence(of: service))"
    }

    /// What the log holds of a service without a database.
    private func absence(of service: ServiceName) -> String {
        let events = topic(service.topic).end + topic(service.deadLetterTopic).end
        return events == 0
            ? "it never started"
            : "the log holds \(events) events of it, so its database was removed"
    }
}

/// An amount as every surface writes it: `19.99 GBP`.
func text(_ money: Money) -> String { money.text }

func text(_ amount: Int128, _ currency: String) -> String { "\(Currency.decimal(amount, currency)) \(currency)" }
