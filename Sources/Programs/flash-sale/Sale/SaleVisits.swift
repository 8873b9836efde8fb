/// One worker's share of a sale: every `workers`-th shopper, so that each worker's load is as even as the whole.
final class SaleVisits: Visits {
    private let plan: SalePlan
    private let worker: Int
    private let workers: Int
    private let port: Int
    private let offsets: [Int64]
    private let catalogue: Catalogue

    init(plan: SalePlan, worker: Int, of workers: Int, port: Int) {
        self.plan = plan
        self.worker = worker
        self.workers = workers
        self.port = port
        offsets = plan.schedule.offsets()
        catalogue = Catalogue(products: plan.products, seed: plan.seed)
    }

    var count: Int { (plan.shoppers - worker + workers - 1) / workers }

    func intended(_ visitor: Int) -> Int64 { offsets[shopper(visitor)] }

    func predecessor(of visitor: Int) -> Int? { nil }

    func departed(_ visitor: Int, as departure: Departure) -> Int? { nil }

    func visit(_ visitor: Int) -> Visit? {
        let shopper = shopper(visitor)
        let basket = Basket(shopper: shopper, plan: plan)
        let key = plan.key(of: shopper)
        let number = String(shopper).leftPadded(to: 8)
        var body: [UInt8] = []
        body.reserveCapacity(192 + 40 * basket.products.count)
        func add(_ text: String) { body.append(contentsOf: text.utf8) }
        add("{\"customerId\":\"c-")
        add(number)
        add("\",\"email\":\"shopper-")
        add(number)
        add("@example.test\",\"currency\":\"")
        add(Catalogue.currency)
        add("\",\"cardToken\":\"")
        add(basket.cardToken)
        add("\",\"lines\":[")
        var total: Int64 = 0
        for (index, product) in basket.products.enumerated() {
            add(index > 0 ? ",{\"productId\":\"" : "{\"productId\":\"")
            add(catalogue.products[product].id)
            add("\",\"quantity\":1}")
            total += catalogue.products[product].price
        }
        add("]}")
        return Visit(
            request: CheckoutRequest.place(body: body, key: key, port: port),
            purpose: .order(key: key, total: total, currency: Catalogue.currency))
    }

    private func shopper(_ visitor: Int) -> Int { visitor * workers + worker }
}
