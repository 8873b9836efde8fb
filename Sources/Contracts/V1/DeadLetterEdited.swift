import Foundation

extension V1 {
    /// The operator corrected a dead letter: these bytes stand in for the event's at this service, and nowhere else.
    ///
    /// Topic: `<service>.dlq`. The letter stays at the desk until it is redriven.
    package struct DeadLetterEdited: EventPayload {
        package static let type = "v1.DeadLetterEdited"

        package var service: ServiceName
        package var eventID: EventID
        /// The whole event with its envelope, with `*` for a card token; base64 in JSON.
        package var corrected: [UInt8]
        package var actor: String
        package var reason: String

        package init(service: ServiceName, eventID: EventID, corrected: [UInt8], actor: String, reason: String) {
            self.service = service
            self.eventID = eventID
            self.corrected = corrected
            self.actor = actor
            self.reason = reason
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            service = try container.decode(ServiceName.self, forKey: .service)
            eventID = try container.decode(EventID.self, forKey: .eventID)
            corrected = [UInt8](try container.decode(Data.self, forKey: .corrected))
            actor = try container.decode(String.self, forKey: .actor)
            reason = try container.decode(String.self, forKey: .reason)
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(service, forKey: .service)
            try container.encode(eventID, forKey: .eventID)
            try container.encode(Data(corrected), forKey: .corrected)
            try container.encode(actor, forKey: .actor)
            try container.encode(reason, forKey: .reason)
        }

        private enum CodingKeys: String, CodingKey {
            case service, eventID, corrected, actor, reason
        }
    }
}
