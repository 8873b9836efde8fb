import ArgumentParser
import CommandArguments
import CommandLineKit
import Contracts
import Foundation
import GRDB

/// Which orders there are, and which failed and why.
struct OrdersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orders",
        abstract: "List orders, newest first: all, those that failed and why, or those on their way.",
        discussion: """
            --failed: cancelled orders with their reason, and orders that a dead letter or a parked event holds up; above \
            them how many there are of each. --pending: orders without outcome as Analytics knows them, oldest first.
            """)

    @OptionGroup var common: CommonOptions

    @Flag(help: "Only orders that were cancelled, or are held up at a desk.")
    var failed = false

    @Flag(help: "Only orders without outcome, oldest first.")
    var pending = false

    @Option(help: "Only orders that were cancelled for this reason, such as soldOut.")
    var reason: String?

    @Option(name: [.customShort("n"), .long], within: 1...10_000, help: "How many.")
    var number = 20

    func validate() throws {
        if let reason, CancellationReason(rawValue: reason) == nil {
            let known = CancellationReason.allCases.map(\.rawValue).joined(separator: ", ")
            let question = NearMiss.question(reason, among: CancellationReason.allCases.map(\.rawValue)).map {
                "; \($0)"
            }
            throw ValidationError("no order is cancelled for '\(reason)'\(question ?? ""); the reasons are: \(known)")
        }
        guard !pending || !failed && reason == nil else {
            throw ValidationError("--pending stands alone: an order without outcome has not failed")
        }
    }

    func run() throws {
        try common.directory.requireRun()
        let held = try HeldOrders(common.directory)
        let book = OrderBook(data: common.directory)
        let isAboutFailure = failed || reason != nil
        let reasons = isAboutFailure ? try book.reasons().filter { reason == nil || $0.name == reason } : []
        let ids =
            if pending {
                try book.pending(number)
            } else if let reason {
                try book.cancelled(for: reason, number)
            } else if failed {
                try failedOrders(book, held, reasons)
            } else {
                try book.newest(number)
            }
        let list = try OrderList(ids: ids, data: common.directory, held: held)
        try show(list, reasons + (failed ? held.counts : []))
    }

    private func failedOrders(_ book: OrderBook, _ held: HeldOrders, _ reasons: [OrderBook.Reason]) throws -> [OrderID]
    {
        let cancelled = try reasons.flatMap { try book.cancelled(for: $0.name, number) }
        return Array(Set(cancelled + held.first.keys).sorted(by: >).prefix(number))
    }

    private func show(_ list: OrderList, _ reasons: [OrderBook.Reason]) throws {
        let output = Output()
        if common.json {
            output.line(
                try JSONValue.object([
                    "reasons": .array(
                        reasons.map { .object(["why": .string($0.name), "orders": JSONValue($0.orders)]) }),
                    "orders": .array(list.lines.map(OrderList.json)),
                ]).document())
        } else {
            if failed || reason != nil { output.lines(summary(reasons, output)) }
            if list.lines.isEmpty {
                output.line(
                    reason.map { "No order was cancelled for \($0)." } ?? (failed ? "No order failed." : "No orders."))
            } else {
                output.lines(list.table.lines(width: output.width, style: output.style))
                output.line()
                output.line("Type: stampede order ORDER\(common.directory.option)")
                if list.lines.contains(where: { $0.heldBy != nil }) {
                    output.line("      stampede dlq list\(common.directory.option)")
                }
            }
        }
        output.flush()
    }

    private func summary(_ reasons: [OrderBook.Reason], _ output: Output) -> [String] {
        var table = Table([.init(title: "WHY"), .init(title: "ORDERS", alignment: .right)])
        for reason in reasons { table.add([.init(reason.name), .init(Words.count(reason.orders))]) }
        return table.rows.isEmpty ? [] : table.lines(width: output.width, style: output.style) + [""]
    }
}
