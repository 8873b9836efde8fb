extension V1 {
    /// What was set aside for the order is for sale again.
    ///
    /// Topic: `inventory`.
    package struct StockReleased: EventPayload {
        package static let type = "v1.StockReleased"

        package var lines: [StockLine]
        package var reason: ReleaseReason

        package init(lines: [StockLine], reason: ReleaseReason) {
            self.lines = lines
            self.reason = reason
        }
    }
}

/// Which fact set the stock free.
package enum ReleaseReason: String, Codable, CaseIterable, Sendable {
    case paymentFailed, paymentRefunded
}
