package import Delivery

/// What customers reach Order by.
package struct OrderDoors: Sendable {
    package let checkout: Checkout
    package let orders: CommandQueue<Checkout>
    package let cancellations: CommandQueue<Cancellation>

    /// - Parameter waiting: requests that wait in each queue at most.
    package init(
        node: ServiceNode, limits: CheckoutLimits = CheckoutLimits(), waiting: Int, randomness: any Randomness
    ) {
        checkout = Checkout(limits: limits, randomness: randomness)
        orders = CommandQueue(node: node, limit: waiting, handler: checkout)
        cancellations = CommandQueue(node: node, limit: waiting, handler: Cancellation())
    }

    /// What Order runs besides its core.
    package var parts: [ServicePart] {
        [
            ServicePart("checkout", on: .database) { [orders] in try await orders.run() },
            ServicePart("cancellation", on: .database) { [cancellations] in try await cancellations.run() },
        ]
    }
}
