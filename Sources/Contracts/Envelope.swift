/// An event with the attributes of CloudEvents 1.0 (github.com/cloudevents/spec, v1.0.2) and its JSON data.
package struct Envelope: Hashable, Sendable {
    package var id: EventID
    package var source: String
    /// Version and name, such as `v1.OrderCreated`.
    package var type: String
    /// The order id; the product id for `StockAdjusted` and `StockRanLow`.
    package var subject: String
    package var time: Timestamp
    /// One checkout, end to end.
    package var correlationID: CorrelationID
    /// The event that caused this one; nil where a command did (a request, the operator, a timer).
    package var causationID: EventID?
    /// The same fact in another version, which a consumer of both acts on once.
    package var twinOf: EventID?
    /// W3C trace context.
    package var traceparent: String?
    /// JSON, keys sorted.
    package var data: [UInt8]

    package init(
        id: EventID, source: String, type: String, subject: String, time: Timestamp, correlationID: CorrelationID,
        causationID: EventID? = nil, twinOf: EventID? = nil, traceparent: String? = nil, data: [UInt8]
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.subject = subject
        self.time = time
        self.correlationID = correlationID
        self.causationID = causationID
        self.twinOf = twinOf
        self.traceparent = traceparent
        self.data = data
    }

    /// CloudEvents `dataschema`: one schema a type, so it is derived and not stored.
    package var dataSchema: String { "urn:stampede:schema:\(type)" }

    /// The subject as an order id; nil where the subject is a product.
    package var orderID: OrderID? { OrderID(subject) }
}

/// The data of one event type in one version.
///
/// A type, once published, never changes: a new field with another meaning is a new version.
package protocol EventPayload: Codable, Sendable, Equatable {
    static var type: String { get }
    /// JSON with sorted keys: the event's data.
    func encoded() throws -> [UInt8]
    static func decoded(from data: [UInt8]) throws -> Self
}

/// The first version of every event.
package enum V1 {}
