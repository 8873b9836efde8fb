import Contracts
import Delivery

/// The rules of stock, without rows.
enum Stock {
    /// Shortages that an event names. With names of 64 bytes, every byte escaped, that many stay below an event's size
    /// limit; a rejection that did not fit could never be told, and its order would wait for ever.
    static let maximumShortages = 300

    /// What is asked of each product in all lines together, in the order of first mention.
    ///
    /// - Throws: `EventFault.brokenRule` for lines that no checkout lets through: no event may stop the process.
    static func demand(_ lines: [OrderLine]) throws -> [StockLine] {
        guard !lines.isEmpty else { throw EventFault.brokenRule("the order has no lines") }
        var places: [String: Int] = [:]
        var demand: [StockLine] = []
        for line in lines {
            guard line.quantity > 0 else {
                throw EventFault.brokenRule("the order asks for \(line.quantity) pieces of '\(line.productID)'")
            }
            if let place = places[line.productID] {
                let (sum, overflow) = demand[place].quantity.addingReportingOverflow(line.quantity)
                guard !overflow else {
                    throw EventFault.brokenRule(
                        "the order asks for more than \(Int64.max) pieces of '\(line.productID)'")
                }
                demand[place].quantity = sum
            } else {
                places[line.productID] = demand.count
                demand.append(StockLine(productID: line.productID, quantity: line.quantity))
            }
        }
        return demand
    }

    /// The lines that cannot be had, not just the first, so that the customer hears it once.
    static func shortages(_ demand: [StockLine], available: [String: Int64]) -> [Shortage] {
        #if MUTANTS
            if Mutant.shortagesIgnored.isOn { return [] }
        #endif
        let all = demand.lazy.compactMap { line -> Shortage? in
            let available = available[line.productID] ?? 0
            guard available < line.quantity else { return nil }
            return Shortage(productID: line.productID, requested: line.quantity, available: available)
        }
        return Array(all.prefix(maximumShortages))
    }
}

/// What became of an order's demand.
enum ReservationState: String, Sendable {
    case reserved, rejected, released
}
