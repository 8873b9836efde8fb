import Contracts
import Foundation
import GRDB

/// Orders on a line each, with their state and the reason for it.
struct OrderList {
    struct Line {
        let order: OrderID
        let row: JSONValue?
        /// Why it failed, or has not come to its end.
        let why: String?
        /// At whose desk it is held up, if at any.
        let heldBy: ServiceName?

        var status: String { row?["status"]?.text ?? "unknown" }
        /// With what a desk does to it: `confirmed, held`.
        var shownStatus: String { heldBy == nil ? status : status + ", held" }
        var placedAt: Timestamp? { row?["createdAt"]?.text.flatMap { Timestamp($0) } }
    }

    let lines: [Line]
    private let data: DataDirectory

    /// - Parameters:
    ///   - ids: in the order in which they are listed.
    ///   - held: orders that a desk holds up, and why; read where it is not given.
    init(ids: [OrderID], data: DataDirectory, held: HeldOrders? = nil) throws {
        self.data = data
        let rows = try Self.rows(ids, data)
        let declines = try Self.declines(ids, data)
        let held = try held ?? HeldOrders(data)
        lines = ids.map { order in
            let row = rows[order]
            let hold = held.first[order]
            let reason = row?["reason"]?.text.map { $0 + (declines[order].map { ": \($0)" } ?? "") }
            return Line(order: order, row: row, why: hold?.why ?? reason, heldBy: hold?.service)
        }
    }

    private static func rows(_ ids: [OrderID], _ data: DataDirectory) throws -> [OrderID: JSONValue] {
        try Evidence.read(data.database(of: .order)) { db in
            var rows: [OrderID: JSONValue] = [:]
            for id in ids {
                rows[id] = try Evidence.records(db, "SELECT * FROM orders WHERE order_id = ?", [Data(id.bytes)]).first
            }
            return rows
        } ?? [:]
    }

    /// What the card's bank said.
    private static func declines(_ ids: [OrderID], _ data: DataDirectory) throws -> [OrderID: String] {
        try Evidence.read(data.database(of: .payment)) { db in
            var codes: [OrderID: String] = [:]
            for id in ids {
                codes[id] = try String.fetchOne(
                    db, sql: "SELECT decline_code FROM payments WHERE order_id = ?", arguments: [Data(id.bytes)])
            }
            return codes
        } ?? [:]
    }

    // MARK: - Output

    func show(_ output: Output, json: Bool, title: String) throws {
        if json {
            output.line(try JSONValue.object(["orders": .array(lines.map(Self.json))]).document())
        } else {
            output.lines(TerminalText.wrapped(TerminalText.safe(title), to: output.width))
            output.line()
            output.lines(table.lines(width: output.width, style: output.style))
            output.line()
            output.line("Type: stampede order ORDER\(data.option)")
        }
        output.flush()
    }

    /// Of an id's end; what `order` takes, and what leaves room for the reason.
    private static let shownDigits = 12

    var table: Table {
        var table = Table([
            .init(title: "ORDER"), .init(title: "PLACED"), .init(title: "STATUS"),
            .init(title: "WHY", isFlexible: true),
        ])
        for line in lines {
            let placed = line.placedAt.map { $0.description.prefix(19).replacing("T", with: " ") } ?? "-"
            let paint: Style.Paint =
                if line.heldBy != nil { .bad } else if line.status == "confirmed" { .good } else { .warning }
            table.add([
                .init("…" + line.order.description.suffix(Self.shownDigits)), .init(String(placed)),
                .init(line.shownStatus, paint),
                .init(line.why ?? "-"),
            ])
        }
        return table
    }

    static func json(_ line: Line) -> JSONValue {
        .object([
            "orderId": .string(line.order.description), "status": .string(line.status), "why": JSONValue(line.why),
            "heldBy": JSONValue(line.heldBy?.rawValue), "placedAt": JSONValue(line.placedAt),
            "customerId": line.row?["customerId"] ?? .null, "totalAmount": line.row?["totalAmount"] ?? .null,
            "currency": line.row?["currency"] ?? .null,
        ])
    }
}
