import Contracts
import Delivery
import OrderService

/// A customer, outside the simulated machine: asks until there is an answer, under one key; writes down what was promised;
/// some change their minds.
///
/// Unchecked: a world runs on one thread.
final class Shopper: @unchecked Sendable {
    private let world: World
    private let number: Int
    private let request: CheckoutRequest
    private let arrival: Duration
    /// After the answer; nil for those who keep what they bought.
    private let changesMindAfter: Duration?
    /// Presses the button twice.
    private let isImpatient: Bool
    private var random: SeededRandom

    init(_ number: Int, in world: World) {
        self.world = world
        self.number = number
        var random = SeededRandom(seed: world.options.seed, "shopper", number)
        let products = world.shop.products
        let first = random.below(products.count)
        let lines = (0..<random.between(1...min(3, products.count))).map { step in
            StockLine(
                productID: products[(first + step) % products.count].productID, quantity: Int64(random.between(1...3)))
        }
        request = CheckoutRequest(
            customerID: "customer-\(number)", email: "customer-\(number)@example.test", currency: "GBP",
            cardToken: random.chance(0.1) ? SimulatedGateway.declinedCard : SimulatedGateway.goodCard, lines: lines,
            idempotencyKey: "key-\(world.options.seed)-\(number)", bodyHash: "hash-\(number)")
        let span = Int(world.options.span.microseconds / 1000)
        arrival = random.milliseconds(100...max(101, span * 4 / 5))
        changesMindAfter = random.chance(0.2) ? random.milliseconds(0...4000) : nil
        isImpatient = random.chance(0.1)
        self.random = random
    }

    func start() -> Task<Void, Never> {
        Task(executorPreference: world.executor) { [self] in
            do {
                try await world.time.sleep(for: arrival)
                if isImpatient {
                    async let once = buy()
                    async let again = buy()
                    _ = try await (once, again)
                } else {
                    _ = try await buy()
                }
                if let order { try await changeMind(about: order) }
            } catch is CancellationError {
                return  // the world has ended
            } catch {
                world.trace.note("refused", "\(number)")
            }
            world.shopperIsDone()
        }
    }

    private var order: OrderID?

    /// - Throws: `CheckoutRefusal`, `CancellationError`.
    private func buy() async throws {
        while true {
            if let process = world.process(.order), let doors = process.orderDoors, world.isStocked {
                do {
                    try doors.checkout.validate(request)
                    let accepted = try await doors.orders.submit(request)
                    // An answer that a dead process gives reaches nobody.
                    if !process.isDead { return note(accepted) }
                } catch is CommandUnavailable {
                    // Asked again, under the same key.
                }
            }
            try await world.time.sleep(for: random.milliseconds(50...1500))
        }
    }

    private func note(_ accepted: Checkout.Accepted) {
        world.trace.note("acknowledged", accepted.orderID.description)
        guard order == nil else { return world.expectSame(accepted.orderID, order) }
        order = accepted.orderID
        world.acknowledged.append(
            Acknowledgement(order: accepted.orderID, key: request.idempotencyKey, total: accepted.total))
    }

    private func changeMind(about order: OrderID) async throws {
        guard let changesMindAfter else { return }
        try await world.time.sleep(for: changesMindAfter)
        while true {
            if let process = world.process(.order), let queue = process.orderDoors?.cancellations {
                do {
                    let stored = try await queue.submit(CancellationRequest(order))
                    if !process.isDead {
                        if stored == nil { world.orderIsGone(order) }
                        return world.trace.note("cancellation", order.description)
                    }
                } catch is CommandUnavailable {
                    // Asked again.
                }
            }
            try await world.time.sleep(for: random.milliseconds(50...1500))
        }
    }
}

/// What the shop promised, as the shopper wrote it down.
struct Acknowledgement {
    let order: OrderID
    let key: String
    let total: Money
}
