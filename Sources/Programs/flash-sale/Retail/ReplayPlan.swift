import Foundation

/// The visits that a file's invoices come to, in file order.
struct ReplayPlan: Sendable {
    enum Errand: Sendable {
        case place(Invoice)
        /// Cancels the order placed at this stop.
        case cancel(Int)
    }

    struct Stop: Sendable {
        /// Index in the invoice book.
        var entry: Int
        var errand: Errand
        /// The same customer's visits before and after.
        var predecessor: Int?
        var successor: Int?
    }

    private(set) var stops: [Stop] = []
    let ordersPerSecond: Double

    init(_ book: InvoiceBook, ordersPerSecond: Double) {
        self.ordersPerSecond = ordersPerSecond
        var stopOfEntry: [Int: Int] = [:]
        var lastStop: [String: Int] = [:]
        var customerOfEntry: [Int: String] = [:]
        for (index, entry) in book.entries.enumerated() {
            let errand: Errand
            let customer: String
            switch entry.fate {
            case .order(let invoice):
                errand = .place(invoice)
                customer = invoice.customer
            case .cancels(let cancelled):
                guard let stop = stopOfEntry[cancelled], let owner = customerOfEntry[cancelled] else { continue }
                errand = .cancel(stop)
                customer = owner
            case .refused, .partial, .unmatched:
                continue
            }
            let stop = stops.count
            stops.append(Stop(entry: index, errand: errand, predecessor: lastStop[customer]))
            if let before = lastStop[customer] { stops[before].successor = stop }
            lastStop[customer] = stop
            stopOfEntry[index] = stop
            customerOfEntry[index] = customer
        }
    }

    /// Nanoseconds after the start.
    func intended(_ stop: Int) -> Int64 {
        Int64(Double(stop) * 1_000_000_000 / ordersPerSecond)
    }

    static func key(run: String, invoice: String) -> String { "\(run)-\(invoice)" }

    // MARK: The request's body

    private struct Body: Encodable {
        struct Line: Encodable {
            var productId: String
            var quantity: Int64
        }

        var customerId: String
        var email: String
        var currency = Catalogue.currency
        var cardToken = "tok_visa"
        var lines: [Line]
    }

    /// What the data set calls a customer may hold what no address may, and be longer than one.
    static func mailbox(of customer: String) -> String {
        let letters = customer.unicodeScalars.map {
            $0.isASCII && $0.properties.isAlphabetic || ("0"..."9").contains($0) ? $0 : "-"
        }
        return "customer-" + String(String.UnicodeScalarView(letters.prefix(50)))
    }

    static func body(of invoice: Invoice) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = Body(
            customerId: invoice.customer, email: "\(mailbox(of: invoice.customer))@example.test",
            lines: invoice.lines.map { .init(productId: $0.offer.productID, quantity: $0.quantity) })
        // Strings and integers alone: there is nothing here that JSON could not say.
        return (try? encoder.encode(body)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
