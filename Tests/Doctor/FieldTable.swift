import Contracts
import Foundation

/// `docs/reference/event-fields.md`: who checks each field of each event type, and what cannot be noticed.
package struct FieldTable {
    /// `OrderCreated email`; fields of the envelope are those of `every event`.
    package private(set) var fields: Set<String> = []
    /// As in `fields`; also `OrderStuck time`.
    package private(set) var unnoticed: Set<String> = []

    package init() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../docs/reference/event-fields.md")
        var isUnnoticed = false
        for line in try String(contentsOf: path, encoding: .utf8).split(separator: "\n") {
            if line.hasPrefix("## ") { isUnnoticed = line == "## What cannot be noticed" }
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard line.hasPrefix("| "), cells.count > 3, cells[1] != "type", !cells[1].hasPrefix("-") else { continue }
            let names = cells[2].split(separator: ",").map { $0.filter { $0 != "`" && $0 != " " } }
            for name in names {
                if isUnnoticed { unnoticed.insert("\(cells[1]) \(name)") } else { fields.insert("\(cells[1]) \(name)") }
            }
        }
    }

    /// Whether a change of an event's field is one that cannot be noticed.
    package func excuses(_ change: Change) -> Bool {
        // `orders v1.OrderCreated data.total.amount`
        let parts = change.place.split(separator: " ")
        guard parts.count == 3 else { return false }
        let field = parts[2].hasPrefix("data.") ? String(parts[2].dropFirst("data.".count)) : String(parts[2])
        return unnoticed.contains("\(parts[1].dropFirst("v1.".count)) \(field)")
    }

    /// The fields of an event's data, without the indices of lists: `lines.quantity`.
    package static func fields(of data: [UInt8]) -> Set<String> {
        Set((JSONValue.parse(data)?.leafPaths ?? []).map { EventFields.general($0.map(\.name).joined(separator: ".")) })
    }
}
