/// The part of a replay's report that accounts for every invoice and every line of the file.
///
/// `invoices.read = accepted + Σ refused + matched + partial + unmatched + Σ cancellations.refused`, and
/// `lines.read` is the same sum of lines, with the lines refused for their own reason counted once, as such.
struct ReplayReport: Codable, Sendable, Equatable {
    var file: String
    var invoices: Account
    var lines: Account
    /// Pence of `OrderConfirmed` events whose orders stand confirmed.
    var confirmedPence: Int64
    /// Pence, from the file alone, of accepted invoices that no later invoice of the file cancelled.
    var expectedPence: Int64
    /// Pence, from the file, of those among them that the shop cancelled (sold out, declined, …).
    var unsoldPence: Int64
    /// Pence, from the file, of those among them that have no outcome yet.
    var pendingPence: Int64
    /// `confirmedPence == expectedPence - unsoldPence - pendingPence`.
    var totalsMatch: Bool
    /// What became of each invoice, in the file's order.
    var invoiceList: [InvoiceFate]
    /// Every line refused for its own reason.
    var refusedLines: [InvoiceBook.RefusedLine]
    /// Every order line whose description was changed.
    var mendedLines: [InvoiceBook.MendedLine]

    struct Account: Codable, Sendable, Equatable {
        var read = 0
        var accepted = 0
        var refused: [String: Int] = [:]
        var cancellations = Cancellations()

        var accountedFor: Int {
            accepted + refused.values.reduce(0, +) + cancellations.matched + cancellations.partial
                + cancellations.unmatched + cancellations.refused.values.reduce(0, +)
        }
    }

    struct Cancellations: Codable, Sendable, Equatable {
        /// Turned into a `DELETE` that was acknowledged.
        var matched = 0
        /// Of a part of an order: refused as such.
        var partial = 0
        var unmatched = 0
        /// Matched, but not carried out: by reason.
        var refused: [String: Int] = [:]
    }

    struct InvoiceFate: Codable, Sendable, Equatable {
        enum Kind: String, Codable, Sendable {
            case accepted, refused, cancellation, partialCancellation, unmatchedCancellation, refusedCancellation
        }

        var invoice: String
        var fate: Kind
        var reason: String?
        /// The order's id, where it was accepted.
        var order: String?
        /// Pence, of what was ordered.
        var total: Int64?
        /// The invoice that it cancels, or cancels a part of.
        var cancels: String?
    }
}
