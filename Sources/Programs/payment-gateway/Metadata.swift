/// The client's own notes on a call, given back as they came; `order_id` goes into the ledger.
struct Metadata: Sendable {
    // The limits of Stripe's metadata.
    static let mostEntries = 50
    static let longestName = 40
    static let longestValue = 500
    /// The ledger's bound on an order id.
    static let longestOrderId = 255

    let entries: [String: String]

    var orderId: String? { entries["order_id"] }

    init(_ entries: [String: String]) throws(Refusal) {
        guard entries.count <= Self.mostEntries else {
            throw .invalid(
                parameter: "metadata", "metadata has \(entries.count) entries, at most \(Self.mostEntries) are taken.")
        }
        for (name, value) in entries {
            guard (1...Self.longestName).contains(name.count) else {
                throw .invalid(
                    parameter: "metadata", "A name in metadata must have 1 to \(Self.longestName) characters.")
            }
            guard value.count <= Self.longestValue else {
                throw .invalid(
                    parameter: "metadata[\(name)]",
                    "metadata[\(name)] may have \(Self.longestValue) characters at most.")
            }
        }
        if let orderId = entries["order_id"] {
            let fits = (1...Self.longestOrderId).contains(orderId.utf8.count)
            guard fits, orderId.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw .invalid(
                    parameter: "metadata[order_id]",
                    "metadata[order_id] must be 1 to \(Self.longestOrderId) visible ASCII characters.")
            }
        }
        self.entries = entries
    }
}
