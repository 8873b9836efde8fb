extension V1 {
    /// The customer was told.
    ///
    /// Topic: `notifications`.
    package struct NotificationSent: EventPayload {
        package static let type = "v1.NotificationSent"

        package var kind: NotificationKind
        package var channel: String
        /// The message's `Message-ID`, derived from the event that it tells of.
        package var messageID: String

        package init(kind: NotificationKind, channel: String, messageID: String) {
            self.kind = kind
            self.channel = channel
            self.messageID = messageID
        }
    }
}

/// What a customer is told; at most one message an order and kind.
package enum NotificationKind: String, Codable, CaseIterable, Sendable {
    case confirmation, soldOut, paymentFailed, cancellation, refund
}
