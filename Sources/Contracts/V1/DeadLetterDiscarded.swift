extension V1 {
    /// The operator gave up on a dead letter: its event will have no effect at this service.
    ///
    /// Topic: `<service>.dlq`. What the service says instead, it says on its own topic.
    package struct DeadLetterDiscarded: EventPayload {
        package static let type = "v1.DeadLetterDiscarded"

        package var service: ServiceName
        package var eventID: EventID
        package var actor: String
        package var reason: String

        package init(service: ServiceName, eventID: EventID, actor: String, reason: String) {
            self.service = service
            self.eventID = eventID
            self.actor = actor
            self.reason = reason
        }
    }
}
