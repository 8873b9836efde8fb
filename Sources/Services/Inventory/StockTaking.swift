package import Contracts
package import Delivery
package import GRDB

/// Sets the stock of products: what is available becomes the number given, by an adjustment of the difference.
///
/// The same key and product twice is done once, also where nothing was to change the first time: that is told by an
/// adjustment of zero. *If broken*: an operator who sends a request again, because its answer was lost, stocks what was
/// sold in between. A product that was never stocked gets its initial stock.
package struct StockTaking: CommandHandler {
    package struct Request: Sendable {
        /// Unique for ever; one adjustment a key and product.
        package let key: String
        package let counts: [Count]

        package init(key: String, counts: [Count]) {
            self.key = key
            self.counts = counts
        }
    }

    package struct Count: Sendable {
        package let productID: String
        /// Pieces that shall be available; not negative.
        package let available: Int64

        package init(productID: String, available: Int64) {
            self.productID = productID
            self.available = available
        }
    }

    /// Which field of the request cannot be.
    package struct Refusal: Error, Equatable, CustomStringConvertible {
        package let field: String
        package let detail: String
        package var description: String { "\(field): \(detail)" }
    }

    package static let maximumCounts = 100_000
    /// Most pieces of one product; leaves room for sums.
    package static let maximumAvailable: Int64 = 1_000_000_000_000

    private let randomness: any Randomness

    package init(randomness: any Randomness) {
        self.randomness = randomness
    }

    /// Replies how many products changed.
    package func decide(_ request: Request, at now: Timestamp, in db: Database) throws -> CommandDecision<Int> {
        try validate(request)
        var outgoing: [Outgoing] = []
        var first: String?
        var changed = 0
        for count in request.counts where try !InventoryStore.isAdjusted(count.productID, key: request.key, db) {
            let present = try InventoryStore.available(count.productID, db)
            let delta = count.available - (present ?? 0)
            if delta != 0 || present == nil { changed += 1 }
            first = first ?? count.productID
            let fact = V1.StockAdjusted(
                delta: delta, reason: present == nil ? .initial : .adjustment, adjustmentKey: request.key)
            outgoing.append(.event(fact, subject: count.productID))
        }
        guard let first else { return CommandDecision(reply: 0) }
        let correlation = CorrelationID.version7(at: now, randomBits: (randomness.next(), randomness.next()))
        // A key may come again with more products, in the same millisecond too; a product is adjusted under it once, so
        // the first of those that are left names the command for ever.
        return CommandDecision(
            reply: changed,
            command: Command(key: "stock:\(first):\(request.key)", correlationID: correlation, at: now),
            outgoing: outgoing)
    }

    private func validate(_ request: Request) throws {
        func require(_ holds: Bool, _ field: String, _ detail: String) throws {
            guard holds else { throw Refusal(field: field, detail: detail) }
        }
        try require((1...200).contains(request.key.unicodeScalars.count), "key", "1 to 200 characters")
        try require(
            (1...Self.maximumCounts).contains(request.counts.count), "stock", "1 to \(Self.maximumCounts) products")
        var seen: Set<String> = []
        for (index, count) in request.counts.enumerated() {
            try require((1...64).contains(count.productID.utf8.count), "stock[\(index)].productId", "1 to 64 bytes")
            try require(
                seen.insert(count.productID).inserted, "stock[\(index)].productId",
                "'\(count.productID)' is named twice")
            try require(
                (0...Self.maximumAvailable).contains(count.available), "stock[\(index)].available",
                "from 0 to \(Self.maximumAvailable), this is \(count.available)")
        }
    }
}
