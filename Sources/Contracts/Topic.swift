/// A stream of events with one writer. Its name is also the name of its folder in the log.
package struct Topic: Hashable, Sendable, CustomStringConvertible {
    package let name: String

    package init(_ name: String) {
        self.name = name
    }

    package var description: String { name }

    package static let orders = Topic("orders")
    package static let inventory = Topic("inventory")
    package static let payments = Topic("payments")
    package static let notifications = Topic("notifications")
    package static let analytics = Topic("analytics")

    /// Where a service puts the events it gave up on.
    package static func deadLetters(of service: ServiceName) -> Topic {
        Topic("\(service.rawValue).dlq")
    }
}

/// The five services; each owns one topic, one dead-letter topic and one database.
package enum ServiceName: String, CaseIterable, Codable, Sendable {
    case order, inventory, payment, notification, analytics

    package var topic: Topic {
        switch self {
        case .order: .orders
        case .inventory: .inventory
        case .payment: .payments
        case .notification: .notifications
        case .analytics: .analytics
        }
    }

    package var deadLetterTopic: Topic { .deadLetters(of: self) }

    /// The CloudEvents `source` of what the service emits.
    package var source: String { "/stampede/\(rawValue)" }
}
