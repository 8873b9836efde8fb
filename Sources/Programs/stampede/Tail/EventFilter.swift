import Contracts

/// Which events are wanted.
struct EventFilter: Sendable {
    private var types: [[UInt8]] = []
    private var names: [[UInt8]] = []
    private var order: WantedOrder?

    /// - Parameter types: `v1.OrderCreated`, or `OrderCreated` for every version of it.
    init(types: [String], order: OrderID?) {
        for type in types {
            if type.contains(".") { self.types.append(Array(type.utf8)) } else { names.append(Array(type.utf8)) }
        }
        self.order = order.map(WantedOrder.init)
    }

    var takesAll: Bool { types.isEmpty && names.isEmpty && order == nil }

    func takes(_ event: ArraySlice<UInt8>) -> Bool {
        if takesAll { return true }
        return event.withUnsafeBytes { bytes in
            guard let head = EventHead(bytes) else { return false }
            if let order, !head.belongs(to: order) { return false }
            if types.isEmpty, names.isEmpty { return true }
            return types.contains { head.isOfType($0) } || names.contains { head.isNamed($0) }
        }
    }
}
