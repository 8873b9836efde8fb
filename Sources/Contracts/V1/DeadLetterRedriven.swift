extension V1 {
    /// A dead letter was handled after all: with its own bytes, or with those of an edit.
    ///
    /// Topic: `<service>.dlq`. Subject and correlation are the letter's.
    package struct DeadLetterRedriven: EventPayload {
        package static let type = "v1.DeadLetterRedriven"

        package var service: ServiceName
        package var eventID: EventID
        /// True where the event had had its effect already and nothing changed.
        package var wasDuplicate: Bool
        /// Who asked for it.
        package var actor: String

        package init(service: ServiceName, eventID: EventID, wasDuplicate: Bool, actor: String) {
            self.service = service
            self.eventID = eventID
            self.wasDuplicate = wasDuplicate
            self.actor = actor
        }
    }
}
