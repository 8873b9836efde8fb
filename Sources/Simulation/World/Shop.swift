import AnalyticsService
import Contracts
import Delivery
import FileEventLog
import InventoryService
import NotificationService
import OrderService
import PaymentService

/// How the shop of a run is set up: small numbers, drawn from the seed, so that limits are met often.
struct Shop: Sendable {
    let products: [Product]
    let stock: [StockTaking.Count]
    let hold: Duration
    let concurrency: Int
    let segmentBytes: UInt64
    let zeroAheadBytes: UInt64
    private let faults: [PlannedFault]
    private let batchEvents: [ServiceName: Int]

    init(_ options: WorldOptions) {
        var random = SeededRandom(seed: options.seed, "shop")
        let products = (1...random.between(2...6)).map { number in
            Product(
                productID: "product-\(number)", name: "Product \(number)",
                price: Money(amount: Int64(random.between(100...99_900)), currency: "GBP"))
        }
        self.products = products
        // About as many pieces as are asked for, so that some orders find too few.
        let wanted = options.orders * 3
        stock = products.map { product in
            StockTaking.Count(
                productID: product.productID,
                available: Int64(max(1, random.between(wanted / 3...wanted) / max(1, products.count))))
        }
        hold = .seconds(random.between(20...600))
        concurrency = [1, 4, 64][random.below(3)]
        segmentBytes = UInt64([8, 12, 24, 64][random.below(4)] << 10)
        zeroAheadBytes = UInt64([0, 2 << 10, 32 << 10][random.below(3)])
        faults = options.plan.faults.filter(\.kind.isForTheWholeRun)
        batchEvents = Dictionary(
            uniqueKeysWithValues: ServiceName.allCases.map { ($0, [1, 3, 16, 512][random.below(4)]) })
    }

    private func fault(_ kind: FaultKind, of service: ServiceName) -> PlannedFault? {
        faults.first { $0.kind == kind && $0.service == service }
    }

    /// The kinds that shape how a service starts.
    func shaping(_ service: ServiceName) -> [PlannedFault] {
        faults.filter { $0.service == service }
    }

    /// The card that a service runs by in this shop, without faults.
    func plainCard(of service: ServiceName) -> ServiceCard {
        switch service {
        case .order: OrderService.card()
        case .inventory: InventoryService.card(hold: hold)
        case .payment: PaymentService.card()
        case .notification: NotificationService.card()
        case .analytics: AnalyticsService.card()
        }
    }

    func card(of service: ServiceName) -> ServiceCard {
        let card = plainCard(of: service)
        guard let fault = fault(.handlerFault, of: service) else { return card }
        let rules = card.subscriptions.map { subscription in
            TestFaults.Rule(type: subscription.type, share: 0.15, effect: .transient(times: 1 + Int(fault.seed % 2)))
        }
        return card.failing(TestFaults(rules: rules))
    }

    func options(of service: ServiceName) -> ServiceCore.Options {
        var options = ServiceCore.Options()
        options.limits.batchEvents = batchEvents[service] ?? 512
        let (twice, shuffled) = (fault(.deliveredTwice, of: service), fault(.topicsShuffled, of: service))
        options.limits.disorder = DeliveryDisorder(
            twice: twice != nil, shuffle: shuffled != nil, seed: shuffled?.seed ?? 1)
        if let short = fault(.shortInbox, of: service) {
            options.limits.inboxWindow = .milliseconds(Int64(100 + short.seed % 5000))
        }
        return options
    }
}
