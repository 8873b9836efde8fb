import Contracts

/// Calls to the outside that stand open although their answer was recorded: a call is finished in the transaction that says
/// what came of it. (Invariant 8.)
///
/// *If broken*: at its next start a service makes the call again, and what follows a second time breaks its rules for ever.
struct OpenCalls {
    private let facts: ServiceFacts
    private let evidence: Evidence
    private let topic: TopicFacts

    init(_ facts: ServiceFacts, _ evidence: Evidence) {
        self.facts = facts
        self.evidence = evidence
        topic = evidence.topic(facts.service.topic)
    }

    func check(_ check: inout InvariantCheck) {
        guard !facts.intents.isEmpty else { return }
        let answered = answers()
        for intent in facts.intents {
            check.checked += 1
            let order = OrderID(intent.subject)
            if intent.cause == nil {
                check.broken(
                    "the call \(intent.key) of \(facts.service.rawValue) names no event as its cause: its owner refuses it",
                    order: order, service: facts.service, at: file)
            }
            if let offset = answered[intent.key] {
                check.broken(
                    "the call \(intent.key) of \(facts.service.rawValue) is open, and what came of it is in the log",
                    order: order, event: topic[offset]?.id, service: facts.service, at: topic.place(offset))
            }
        }
    }

    private var file: Place { Place(file: "db/\(facts.service.rawValue)/\(facts.service.rawValue).db") }

    /// Keys of the calls that were answered when the database was read, with the event that says so.
    private func answers() -> [String: UInt64] {
        var answers: [String: UInt64] = [:]
        for (offset, event) in topic.said {
            guard let kind = event.kind, let order = event.order, facts.hasWritten(topic.topic, offset: offset) else {
                continue
            }
            switch (facts.service, kind) {
            // Without its charge ever being asked for, it may fail, too.
            case (.payment, .paymentSucceeded): answers["charge:\(order)"] = offset
            case (.payment, .paymentFailed): answers["charge:\(order)"] = offset
            case (.payment, .paymentRefunded): answers["refund:\(order)"] = offset
            case (.notification, .notificationSent):
                answers["mail:\(order):\(topic.details.sent[Int(event.detail)].kind.rawValue)"] = offset
            case (.notification, .notificationFailed):
                answers["mail:\(order):\(topic.details.notSent[Int(event.detail)].kind.rawValue)"] = offset
            default: continue
            }
        }
        return answers
    }
}
