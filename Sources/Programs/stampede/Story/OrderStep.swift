import Contracts

/// How long an event's making took: in the log, until the service took its cause up, and in the service, until others
/// could read what it made of it.
struct OrderStep {
    let event: StoryEvent
    /// When its cause could be read; when it was asked for, where there is no cause.
    let start: Timestamp
    /// When the service took it up: the call to the outside where it made one, else the time of its decision.
    let taken: Timestamp
    /// When others could read it.
    let end: Timestamp
    private let hasCause: Bool

    init(_ event: StoryEvent, cause: StoryEvent?, calls: [JSONValue]) {
        self.event = event
        hasCause = cause != nil
        let end = event.readableAt
        let start = cause.map { min($0.readableAt, end) } ?? event.envelope.time
        let called = calls.first { Self.isAnswer(event.envelope, to: $0["key"]?.text ?? "") }?["recordedAt"]?.text
        taken = min(max(called.flatMap { Timestamp($0) } ?? event.envelope.time, start), end)
        self.start = start
        self.end = end
    }

    /// Microseconds between its cause's coming to the log and its being taken up; nil where nothing caused it.
    var waited: Int64? { hasCause ? (taken - start).microseconds : nil }
    /// Microseconds from there until it was in the log: deciding, calling, writing, publishing.
    var worked: Int64 { (end - taken).microseconds }

    private static func isAnswer(_ event: Envelope, to key: String) -> Bool {
        switch event.type {
        case V1.PaymentSucceeded.type, V1.PaymentFailed.type: key.hasPrefix("charge:")
        case V1.PaymentRefunded.type: key.hasPrefix("refund:")
        case V1.NotificationSent.type, V1.NotificationFailed.type:
            key.hasPrefix("mail:") && key.hasSuffix(":" + (JSONValue.parse(event.data)?["kind"]?.text ?? ""))
        default: false
        }
    }
}
