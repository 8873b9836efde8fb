/// What a file's invoices ask for, in the file's order: decided before anything is sent, from the file alone.
///
/// *Rule for a cancellation* (an invoice `C…`): it cancels the latest earlier invoice, not cancelled yet, of the same
/// customer whose order lines are exactly the cancellation's (same products, prices and quantities). If there is none,
/// but the customer has such an invoice that holds all its lines and more, it is a cancellation of a part, and is
/// refused as such: the shop cancels whole orders. Everything else, guests included, is unmatched.
struct InvoiceBook: Sendable {
    enum Fate: Sendable, Equatable {
        case order(Invoice)
        /// Cancels the entry at this index.
        case cancels(Int)
        case refused(InvoiceRefusal)
        case partial(of: Int)
        case unmatched
    }

    struct Entry: Sendable, Equatable {
        var number: String
        var fate: Fate
        /// Lines of the file that are order lines.
        var usableLines: Int
        /// Lines of the file that are not.
        var refusedLines: [RefusedLine]
        /// Order lines whose description was changed.
        var mendedLines: [MendedLine]

        var isCancellation: Bool { number.first == "C" }
    }

    struct RefusedLine: Codable, Sendable, Equatable {
        /// Of the file, from 1.
        var line: Int
        var invoice: String
        var reason: LineRefusal
    }

    struct MendedLine: Codable, Sendable, Equatable {
        /// Of the file, from 1.
        var line: Int
        var invoice: String
        var mending: LineMending
    }

    private(set) var entries: [Entry] = []
    /// Lines without an invoice number.
    private(set) var homelessLines: [RefusedLine] = []
    private var ordersOfCustomer: [String: [Int]] = [:]
    private var cancelled: Set<Int> = []

    init(_ lines: [RetailLine]) {
        var numbers: [String] = []
        var linesOf: [String: [RetailLine]] = [:]
        for line in lines {
            guard !line.invoice.isEmpty else {
                homelessLines.append(.init(line: line.line, invoice: "", reason: .missingInvoiceNumber))
                continue
            }
            if linesOf[line.invoice] == nil { numbers.append(line.invoice) }
            linesOf[line.invoice, default: []].append(line)
        }
        for number in numbers { add(number, linesOf[number] ?? []) }
    }

    private mutating func add(_ number: String, _ lines: [RetailLine]) {
        let cancels = number.first == "C"
        var usable: [Invoice.Line] = []
        var refused: [RefusedLine] = []
        var mended: [MendedLine] = []
        for line in lines {
            switch line.orderLine(cancels: cancels) {
            case .success(let orderLine):
                usable.append(orderLine)
                if let mending = orderLine.mending {
                    mended.append(.init(line: line.line, invoice: number, mending: mending))
                }
            case .failure(let refusal):
                refused.append(.init(line: line.line, invoice: number, reason: refusal.reason))
            }
        }
        let fate = fate(number, lines: lines, usable: usable, cancels: cancels)
        switch fate {
        case .order(let invoice) where !invoice.isGuest:
            ordersOfCustomer[invoice.customer, default: []].append(entries.count)
        case .cancels(let index): cancelled.insert(index)
        default: break
        }
        entries.append(
            Entry(
                number: number, fate: fate, usableLines: usable.count, refusedLines: refused, mendedLines: mended))
    }

    private func fate(_ number: String, lines: [RetailLine], usable: [Invoice.Line], cancels: Bool) -> Fate {
        let digits = cancels ? number.dropFirst() : number[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return .refused(.unknownKind) }
        guard Set(lines.map(\.customer)).count == 1, let customer = lines.first?.customer else {
            return .refused(.severalCustomers)
        }
        guard !usable.isEmpty else { return cancels ? .unmatched : .refused(.noOrderLine) }
        guard let invoice = Self.merged(usable, number: number, customer: customer) else {
            return .refused(.totalOverflows)
        }
        return cancels ? cancellation(invoice) : .order(invoice)
    }

    private func cancellation(_ invoice: Invoice) -> Fate {
        let wanted = invoice.quantities
        var partial: Int?
        for index in (ordersOfCustomer[invoice.customer] ?? []).reversed() where !cancelled.contains(index) {
            guard case .order(let order) = entries[index].fate else { continue }
            let held = order.quantities
            if held == wanted { return .cancels(index) }
            if partial == nil, wanted.allSatisfy({ held[$0.key, default: 0] >= $0.value }) { partial = index }
        }
        return partial.map { .partial(of: $0) } ?? .unmatched
    }

    /// - Returns: nil where the total overflows.
    private static func merged(_ lines: [Invoice.Line], number: String, customer: String) -> Invoice? {
        var merged: [Invoice.Line] = []
        var places: [Offer: Int] = [:]
        var total: Int64 = 0
        for line in lines {
            let (amount, overflows) = line.offer.pence.multipliedReportingOverflow(by: line.quantity)
            let (sum, overflowsToo) = total.addingReportingOverflow(amount)
            guard !overflows, !overflowsToo else { return nil }
            total = sum
            if let place = places[line.offer] {
                let (quantity, tooMany) = merged[place].quantity.addingReportingOverflow(line.quantity)
                guard !tooMany else { return nil }
                merged[place].quantity = quantity
            } else {
                places[line.offer] = merged.count
                merged.append(line)
            }
        }
        return Invoice(
            number: number, customer: customer.isEmpty ? "guest-\(number)" : customer, isGuest: customer.isEmpty,
            lines: merged, total: total)
    }

    // MARK: What the shop needs

    /// Every offer of every order with its name and the units all orders ask for together, by product id.
    var demand: [(offer: Offer, name: String, units: Int64)] {
        var units: [Offer: (name: String, units: Int64)] = [:]
        for case .order(let invoice) in entries.map(\.fate) {
            for line in invoice.lines {
                let before = units[line.offer]
                let (sum, overflows) = (before?.units ?? 0).addingReportingOverflow(line.quantity)
                units[line.offer] = (before?.name ?? line.name, overflows ? .max : sum)
            }
        }
        return units.map { ($0.key, $0.value.name, $0.value.units) }.sorted { $0.0 < $1.0 }
    }
}
