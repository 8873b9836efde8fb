import Contracts

/// Whether an event's envelope is the one that its service makes of its cause or command: id, correlation, trace context,
/// time. (Invariant 7; what is said of dead letters is invariant 8's.)
struct EventOrigin {
    private let evidence: Evidence
    /// Events of one command on stock: they follow each other, under one correlation id.
    private var stockTaking: StockTaking?

    private struct StockTaking {
        let correlation: CorrelationID
        let first: Detail.StockAdjusted
        let time: Int64
        var ordinal = 0
    }

    init(_ evidence: Evidence) {
        self.evidence = evidence
    }

    /// What is wrong with an event that its owner said, whose cause is checked elsewhere.
    ///
    /// - Parameter cause: as the service acted on it; `nil` for a command's event, or a cause that is not at hand.
    mutating func faults(
        _ event: EventFact, _ kind: EventKind, at offset: UInt64, in topic: TopicFacts, cause: Cause?
    ) -> [String] {
        guard let owner = Rules.owner(of: kind), let causes = Rules.causes(of: kind) else { return [] }
        var faults: [String] = []
        let trace = topic.trace(at: offset)
        if causes.isEmpty {
            faults += commandFaults(event, kind, trace, at: offset, in: topic, by: owner)
        } else if let id = event.cause {
            if !Derivation.isEffect(event.id, of: id, by: owner, kind) {
                faults.append("its id does not follow from its cause \(id)")
            }
            if let cause {
                if event.correlation != cause.correlation {
                    faults.append("its correlation id is \(event.correlation), its cause's \(cause.correlation)")
                }
                let expected = Derivation.trace(after: id, cause.trace, handledBy: owner)
                // A refund that was asked for before the charge was answered is made in no trace.
                if trace != expected, kind != .paymentRefunded || trace != nil {
                    faults.append(
                        "its traceparent is \(Self.text(trace)), from its cause follows \(Self.text(expected))")
                }
            }
        }
        if !Rules.isAboutProduct(kind) {
            if event.order == nil {
                faults.append("its subject is no order id")
            } else if let order = event.order, event.correlation != order.rebound() {
                faults.append("its correlation id is \(event.correlation), its order is \(order)")
            }
        }
        return faults
    }

    struct Cause {
        let correlation: CorrelationID
        let trace: TraceContext?
    }

    private static func text(_ trace: TraceContext?) -> String { trace?.description ?? "none" }

    // MARK: - Commands

    private mutating func commandFaults(
        _ event: EventFact, _ kind: EventKind, _ trace: TraceContext?, at offset: UInt64, in topic: TopicFacts,
        by owner: ServiceName
    ) -> [String] {
        if kind == .stockAdjusted { return stockFaults(event, trace, topic) }
        guard let order = event.order else { return [] }
        var faults: [String] = []
        let key: String
        switch kind {
        case .orderCreated:
            key = "create:\(order)"
            if order.milliseconds != Derivation.milliseconds(event.time) {
                faults.append("its time is not that in its order's id")
            }
        case .orderCancellationRequested: key = "cancel:\(order)"
        case .orderStuck:
            key = "stuck:\(order):\(event.detail >= 0 ? topic.details.stuck[Int(event.detail)].count : 0)"
            if trace != nil { faults.append("a timer's event belongs to no trace") }
        default: return []
        }
        if event.id != Derivation.command(key, at: event.time, by: owner, kind.type, ordinal: 0) {
            faults.append("its id does not follow from its command, \(key), and its time")
        }
        return faults
    }

    private mutating func stockFaults(_ event: EventFact, _ trace: TraceContext?, _ topic: TopicFacts) -> [String] {
        let detail = topic.details.adjusted[Int(event.detail)]
        var faults: [String] = []
        if trace != nil { faults.append("an operator's event belongs to no trace") }
        if let before = stockTaking, before.correlation == event.correlation {
            stockTaking?.ordinal = before.ordinal + 1
        } else {
            stockTaking = StockTaking(correlation: event.correlation, first: detail, time: event.time)
            if event.correlation.milliseconds != Derivation.milliseconds(event.time) {
                faults.append("its time is not that in its correlation id")
            }
        }
        guard let command = stockTaking else { return faults }
        if command.time != event.time || command.first.key != detail.key {
            faults.append("its time or key is not that of the event before it, which the same command made")
        }
        let key = "stock:\(command.first.product):\(command.first.key)"
        let id = Derivation.command(
            key, at: command.time, by: .inventory, EventKind.stockAdjusted.type, ordinal: command.ordinal)
        if event.id != id { faults.append("its id does not follow from its command, \(key), and its time") }
        return faults
    }
}
