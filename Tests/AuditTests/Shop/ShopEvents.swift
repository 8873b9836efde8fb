import Contracts
import Foundation

@testable import Audit

// The envelopes that services make: ids, correlation and trace follow from the cause or the command.

extension Shop {
    /// The id of the order that is placed next: its millisecond is that of its OrderCreated.
    func newOrderID() -> OrderID {
        let id: OrderID = newID()
        return OrderID(high: UInt64((clock + 1000) / 1000) << 16 | id.high & 0xFFFF, low: id.low)
    }

    func event(
        _ payload: some EventPayload, subject: String, by service: ServiceName, cause: Envelope? = nil
    ) throws -> Envelope {
        let type = type(of: payload).type
        let time = max(tick(), cause?.time.microseconds ?? 0)
        let correlation =
            OrderID(subject)?.rebound() ?? cause?.correlationID
            ?? CorrelationID.version7(at: Timestamp(microseconds: time), randomBits: (0, UInt64(clock)))
        return Envelope(
            id: id(of: payload, type, subject, service, cause, time), source: service.source, type: type,
            subject: subject, time: Timestamp(microseconds: time), correlationID: correlation, causationID: cause?.id,
            traceparent: cause?.traceparent, data: try payload.encoded())
    }

    func event(
        _ payload: some EventPayload, _ order: OrderID, by service: ServiceName, cause: Envelope? = nil
    ) throws -> Envelope {
        try event(payload, subject: order.description, by: service, cause: cause)
    }

    private func id(
        of payload: some EventPayload, _ type: String, _ subject: String, _ service: ServiceName, _ cause: Envelope?,
        _ time: Int64
    ) -> EventID {
        if let cause {
            let key = "\(cause.id) \(service) \(type)"
            defer { ordinals[key, default: 0] += 1 }
            return Derivation.effect(of: cause.id, by: service, type, ordinal: ordinals[key, default: 0])
        }
        let command =
            switch payload {
            case is V1.OrderCreated: "create:\(subject)"
            case is V1.OrderCancellationRequested: "cancel:\(subject)"
            case let stuck as V1.OrderStuck: "stuck:\(subject):\(stuck.count)"
            case let adjusted as V1.StockAdjusted: "stock:\(subject):\(adjusted.adjustmentKey)"
            default: nil as String?
            }
        return command.map { Derivation.command($0, at: time, by: service, type, ordinal: 0) } ?? newID()
    }

    /// What a service says of a letter.
    ///
    /// - Parameters:
    ///   - about: the letter's event; `nil` if its bytes are none.
    ///   - number: of the entry in the desk's record; 0 for the announcement.
    ///   - at: of that entry, or of the death.
    func letterEvent(
        _ payload: some EventPayload, of letter: EventID, about: Envelope?, subject: String, by service: ServiceName,
        number: Int64, at: Int64
    ) throws -> Envelope {
        let type = type(of: payload).type
        let context = about?.traceparent.flatMap { TraceContext($0) }
        let trace =
            payload is V1.EventDeadLettered
            ? Derivation.trace(ofAttempt: 1, on: letter, context, by: service)
            : Derivation.trace(ofSending: letter, context)
        return Envelope(
            id: Derivation.effect(of: letter, by: service, type, ordinal: Int(number)), source: service.source,
            type: type, subject: subject, time: Timestamp(microseconds: max(at, about?.time.microseconds ?? at)),
            correlationID: about?.correlationID ?? letter.rebound(), causationID: about?.id,
            traceparent: trace?.description, data: try payload.encoded())
    }
}
