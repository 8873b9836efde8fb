import Contracts
import EventLog

/// Which events are wanted.
struct EventFilter: Sendable {
    private var types: [[UInt8]] = []
    private var names: [[UInt8]] = []
    private var order: WantedOrder?
    private let since: Timestamp?
    private let expression: EventExpression?

    /// - Parameter types: `v1.OrderCreated`, or `OrderCreated` for every version of it.
    init(types: [String], order: OrderID?, since: Timestamp? = nil, expression: EventExpression? = nil) {
        for type in types {
            if type.contains(".") { self.types.append(Array(type.utf8)) } else { names.append(Array(type.utf8)) }
        }
        self.order = order.map(WantedOrder.init)
        self.since = since
        self.expression = expression
    }

    var takesAll: Bool { types.isEmpty && names.isEmpty && order == nil && since == nil && expression == nil }

    /// Looks at the head alone, unless an expression asks for more.
    func takes(_ event: LoggedEvent) -> Bool {
        if takesAll { return true }
        guard event.bytes.withUnsafeBytes(takesHead) else { return false }
        return expression?.holds(of: TailEntry(event)) ?? true
    }

    private func takesHead(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let head = EventHead(bytes) else { return false }
        if let since, head.time < since { return false }
        if let order, !head.belongs(to: order) { return false }
        if types.isEmpty, names.isEmpty { return true }
        return types.contains { head.isOfType($0) } || names.contains { head.isNamed($0) }
    }
}
