import Foundation

extension V1 {
    /// A consumer gave up on an event; its bytes are kept here as they came, but for a card token, which is masked.
    ///
    /// Topic: `<service>.dlq`.
    package struct EventDeadLettered: EventPayload {
        package static let type = "v1.EventDeadLettered"

        package var service: ServiceName
        package var eventID: EventID
        package var topic: String
        package var offset: UInt64
        /// The event's bytes, with `*` for a card token; base64 in JSON. The service's database has them unchanged.
        package var event: [UInt8]
        package var errorKind: String
        package var error: String
        package var attempts: Int64

        package init(
            service: ServiceName, eventID: EventID, topic: String, offset: UInt64, event: [UInt8], errorKind: String,
            error: String, attempts: Int64
        ) {
            self.service = service
            self.eventID = eventID
            self.topic = topic
            self.offset = offset
            self.event = event
            self.errorKind = errorKind
            self.error = error
            self.attempts = attempts
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            service = try container.decode(ServiceName.self, forKey: .service)
            eventID = try container.decode(EventID.self, forKey: .eventID)
            topic = try container.decode(String.self, forKey: .topic)
            offset = try container.decode(UInt64.self, forKey: .offset)
            event = [UInt8](try container.decode(Data.self, forKey: .event))
            errorKind = try container.decode(String.self, forKey: .errorKind)
            error = try container.decode(String.self, forKey: .error)
            attempts = try container.decode(Int64.self, forKey: .attempts)
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(service, forKey: .service)
            try container.encode(eventID, forKey: .eventID)
            try container.encode(topic, forKey: .topic)
            try container.encode(offset, forKey: .offset)
            try container.encode(Data(event), forKey: .event)
            try container.encode(errorKind, forKey: .errorKind)
            try container.encode(error, forKey: .error)
            try container.encode(attempts, forKey: .attempts)
        }

        private enum CodingKeys: String, CodingKey {
            case service, eventID, topic, offset, event, errorKind, error, attempts
        }
    }
}
