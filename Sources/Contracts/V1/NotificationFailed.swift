extension V1 {
    /// The customer could not be told.
    ///
    /// Topic: `notifications`.
    package struct NotificationFailed: EventPayload {
        package static let type = "v1.NotificationFailed"

        package var kind: NotificationKind
        package var channel: String
        package var reason: String

        package init(kind: NotificationKind, channel: String, reason: String) {
            self.kind = kind
            self.channel = channel
            self.reason = reason
        }
    }
}
