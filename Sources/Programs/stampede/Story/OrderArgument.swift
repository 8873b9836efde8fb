import ArgumentParser
import Contracts
import EventLog

/// An order as it is named on the command line: its id, or the end of it as `tail` shows it.
enum OrderArgument: ExpressibleByArgument {
    case id(OrderID)
    case ending(String)

    /// Hex digits that are enough to mean one order of many.
    private static let digits = 8...12

    init?(argument: String) {
        let text = argument.hasPrefix("…") ? argument.dropFirst() : argument[...]
        if let id = OrderID(text) {
            self = .id(id)
        } else if Self.digits.contains(text.count), text.allSatisfy({ $0.isASCII && $0.isHexDigit }) {
            self = .ending(text.lowercased())
        } else {
            return nil
        }
    }

    /// - Throws: `Failure.noOrder`, `.ambiguousOrder`.
    func resolve(_ logbook: Logbook, _ data: DataDirectory) throws -> OrderID {
        switch self {
        case .id(let id): return id
        case .ending(let text):
            guard let low = UInt64(text, radix: 16) else { throw Failure.noOrder("…" + text, data: data.path) }
            let mask: UInt64 = (1 << UInt64(4 * text.count)) - 1
            var found: Set<OrderID> = []
            // Without a log no order has an end to look for.
            if DataDirectory.isDirectory(data.log), try logbook.topics().contains(.orders) {
                let filter = EventFilter(types: [V1.OrderCreated.type], order: nil)
                try logbook.read(.orders, from: logbook.firstOffset(of: .orders), to: logbook.end(of: .orders)) {
                    event in
                    guard filter.takes(event.bytes) else { return }
                    let order = event.bytes.withUnsafeBytes { EventHead($0)?.order }
                    if let order, order.low & mask == low { found.insert(order) }
                }
            }
            guard let order = found.first else { throw Failure.noOrder("…" + text, data: data.path) }
            guard found.count == 1 else {
                throw Failure.ambiguousOrder(text, candidates: found.sorted().map(\.description))
            }
            return order
        }
    }
}
