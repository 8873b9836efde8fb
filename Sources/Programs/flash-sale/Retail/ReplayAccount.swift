import Contracts

/// Accounts for every invoice and every line: from the book, from what the shop answered, and from the log.
struct ReplayAccount {
    var file: String
    var book: InvoiceBook
    var plan: ReplayPlan
    var departures: [Departure?]
    var settlement: Settlement

    func report() -> ReplayReport {
        var stopOfEntry: [Int: Int] = [:]
        for (index, stop) in plan.stops.enumerated() { stopOfEntry[stop.entry] = index }
        let cancelledStops = cancelledStops()
        var report = ReplayReport(
            file: file, invoices: .init(), lines: .init(), confirmedPence: 0, expectedPence: 0, unsoldPence: 0,
            pendingPence: 0, totalsMatch: false, invoiceList: [], refusedLines: book.homelessLines, mendedLines: [])
        for (index, entry) in book.entries.enumerated() {
            let fate = fate(of: entry, departure: stopOfEntry[index].flatMap { departures[$0] })
            report.invoices.count(fate, 1)
            report.lines.count(fate, entry.usableLines)
            report.invoiceList.append(fate)
            report.refusedLines += entry.refusedLines
            report.mendedLines += entry.mendedLines
            guard fate.fate == .accepted, case .order(let invoice) = entry.fate, let stop = stopOfEntry[index],
                let order = fate.order.flatMap({ OrderID($0) })
            else { continue }
            let outcome = settlement.entries[order]
            if outcome?.kind == OrderOutcome.confirmed { report.confirmedPence += outcome?.total ?? 0 }
            guard !cancelledStops.contains(stop) else { continue }
            report.expectedPence += invoice.total
            switch outcome?.kind {
            case nil: report.pendingPence += invoice.total
            case OrderOutcome.confirmed: break
            default: report.unsoldPence += invoice.total
            }
        }
        for line in report.refusedLines { report.lines.refused[line.reason.rawValue, default: 0] += 1 }
        report.invoices.read = book.entries.count
        report.lines.read =
            book.homelessLines.count
            + book.entries.reduce(0) { $0 + $1.usableLines + $1.refusedLines.count }
        report.refusedLines.sort { $0.line < $1.line }
        report.mendedLines.sort { $0.line < $1.line }
        report.totalsMatch =
            report.confirmedPence == report.expectedPence - report.unsoldPence - report.pendingPence
        return report
    }

    /// Orders whose cancellation was acknowledged.
    private func cancelledStops() -> Set<Int> {
        var cancelled: Set<Int> = []
        for (index, stop) in plan.stops.enumerated() {
            if case .cancel(let placed) = stop.errand, case .accepted? = departures[index] { cancelled.insert(placed) }
        }
        return cancelled
    }

    private func fate(of entry: InvoiceBook.Entry, departure: Departure?) -> ReplayReport.InvoiceFate {
        var fate = ReplayReport.InvoiceFate(invoice: entry.number, fate: .refused)
        switch entry.fate {
        case .refused(let reason):
            fate.reason = reason.rawValue
        case .partial(let other):
            fate.fate = .partialCancellation
            fate.cancels = book.entries[other].number
        case .unmatched:
            fate.fate = .unmatchedCancellation
            fate.reason = entry.usableLines == 0 ? InvoiceRefusal.noOrderLine.rawValue : nil
        case .order(let invoice):
            fate.total = invoice.total
            if case .accepted(let order, _, _)? = departure {
                fate.fate = .accepted
                fate.order = order
            } else {
                fate.reason = Self.reason(departure)
            }
        case .cancels(let other):
            fate.cancels = book.entries[other].number
            if case .accepted? = departure {
                fate.fate = .cancellation
            } else {
                fate.fate = .refusedCancellation
                fate.reason = Self.reason(departure)
            }
        }
        return fate
    }

    private static func reason(_ departure: Departure?) -> String {
        switch departure {
        case .refused(let reason): "checkout: \(reason)"
        case .gaveUp: "gaveUp"
        case .skipped: "orderNotAccepted"
        case .notSent, .accepted, nil: "notSent"
        }
    }
}

extension ReplayReport.Account {
    fileprivate mutating func count(_ fate: ReplayReport.InvoiceFate, _ number: Int) {
        guard number > 0 else { return }
        switch fate.fate {
        case .accepted: accepted += number
        case .refused: refused[fate.reason ?? "", default: 0] += number
        case .cancellation: cancellations.matched += number
        case .partialCancellation: cancellations.partial += number
        case .unmatchedCancellation: cancellations.unmatched += number
        case .refusedCancellation: cancellations.refused[fate.reason ?? "", default: 0] += number
        }
    }
}
