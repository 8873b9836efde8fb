import Contracts

/// The rules of stock, without rows.
enum Stock {
    /// What is asked of each product in all lines together, in the order of first mention.
    static func demand(_ lines: [OrderLine]) -> [StockLine] {
        var places: [String: Int] = [:]
        var demand: [StockLine] = []
        for line in lines {
            if let place = places[line.productID] {
                demand[place].quantity += line.quantity
            } else {
                places[line.productID] = demand.count
                demand.append(StockLine(productID: line.productID, quantity: line.quantity))
            }
        }
        return demand
    }

    /// The lines that cannot be had; all of them, so that the customer hears it once.
    static func shortages(_ demand: [StockLine], available: [String: Int64]) -> [Shortage] {
        demand.compactMap { line in
            let available = available[line.productID] ?? 0
            guard available < line.quantity else { return nil }
            return Shortage(productID: line.productID, requested: line.quantity, available: available)
        }
    }
}

/// What became of an order's demand.
enum ReservationState: String, Sendable {
    case reserved, rejected, released
}
