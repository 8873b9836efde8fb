import Contracts
import Foundation

/// Plays a file's invoices into the shop and accounts for each.
struct Replay: Sendable {
    static let connectionLimit = 1_000
    /// What Inventory takes of one product.
    static let maximumUnits: Int64 = 1_000_000_000_000

    var file: String
    var book: InvoiceBook
    var stock: Stock
    var ordersPerSecond: Double
    var manners: Shopper.Manners
    var data: String
    var drainTimeout: Duration
    var settings: ServiceSettings
    /// How long services that are not up yet are waited for.
    var patienceForServices = Duration.zero
    var auditor = Siblings.path(of: "stampede")

    func run() async throws -> Report {
        let name = RunName.make(prefix: "replay", seed: nil)
        try await seed(name)
        try FileManager.default.createDirectory(atPath: data + "/sale", withIntermediateDirectories: true)
        let plan = ReplayPlan(book, ordersPerSecond: ordersPerSecond)
        let visits = ReplayVisits.Outcome(count: plan.stops.count)
        let floor = Floor(workers: 1)
        let watch = try Watch(data: data, floor: floor, wantsTotals: true)
        defer { watch.follower.stop() }
        let ((result, accepted), observation) = try await watch.watching(
            usage: ProcessUsage(runDirectory: data + "/run"), lag: LagProbe(data: data, settings: settings)
        ) {
            let result = try await visit(plan, name: name, outcome: visits, floor: floor)
            let accepted = try acceptedOrders(plan, visits.all, name: name)
            _ = try await watch.drain(accepted, timeout: drainTimeout)
            return (result, accepted)
        }
        guard let start = floor.start else { throw WorkerError(description: "the replay never started") }
        let own = ProcessorTime.ofThisProcess()
        watch.say("Auditing")
        let audit = await AuditRun(executable: auditor, data: data).finding()
        // Not older than what the audit has read: both speak of the same orders.
        let settlement = try await watch.drain(accepted, timeout: Watch.lastLook)
        let intended = plan.stops.indices.filter { if case .place = plan.stops[$0].errand { true } else { false } }
            .map { plan.intended($0) }
        let orders = intended.count
        return SaleOutcome(
            kind: "replay", run: name,
            settings: .init(
                arrivalSeconds: Double(plan.stops.count) / ordersPerSecond, products: book.demand.count,
                stock: stock.description, patienceSeconds: Double(manners.patienceNanoseconds) / 1_000_000_000,
                cores: ProcessInfo.processInfo.activeProcessorCount),
            offered: orders, intended: intended, start: start, result: result,
            accepted: accepted, settlement: settlement, observation: observation,
            generator: .init(processes: 1, cpuSeconds: own),
            replay: ReplayAccount(file: file, book: book, plan: plan, departures: visits.all, settlement: settlement)
                .report(),
            audit: audit, cancellationVisits: plan.stops.count - orders
        ).report()
    }

    private func seed(_ name: String) async throws {
        let client = AdminClient(settings: settings, patience: patienceForServices, data: data)
        let demand = book.demand
        try await client.put(
            products: demand.map {
                .init(
                    productId: $0.offer.productID, name: $0.name,
                    price: .init(amount: $0.offer.pence, currency: Catalogue.currency))
            })
        try await client.put(
            stock: demand.map { offer, _, units in
                let available = if case .units(let number) = stock { Int64(number) } else { units }
                return .init(productId: offer.productID, available: min(available, Self.maximumUnits))
            }, key: "seed-\(name)")
    }

    private func visit(
        _ plan: ReplayPlan, name: String, outcome: ReplayVisits.Outcome, floor: Floor
    ) async throws -> WorkerResult {
        guard !plan.stops.isEmpty else {
            floor.isReady()
            return WorkerResult()
        }
        let limit = min(Self.connectionLimit, OpenFileLimit.raise() - OpenFileLimit.reserve)
        let workerPlan = WorkerPlan(
            host: settings.hosts.host(of: .order), port: settings.checkoutPort, sourceAddresses: [], manners: manners,
            connectionLimit: max(1, limit))
        let journalPath = JournalFile.path(data: data, run: name, worker: 0)
        let port = settings.checkoutPort
        return try await onThread {
            let worker = try Worker(
                plan: workerPlan, visits: ReplayVisits(plan: plan, run: name, port: port, outcome: outcome),
                journal: Journal(path: journalPath), seed: 0, onProgress: { floor.update($0, of: 0) })
            floor.isReady()
            return try worker.run(startingAt: floor.start?.monotonic ?? Worker.now)
        }
    }

    private func acceptedOrders(
        _ plan: ReplayPlan, _ departures: [Departure?], name: String
    ) throws -> [AcceptedOrder] {
        guard !plan.stops.isEmpty else { return [] }
        var mustBeCancelled: Set<String> = []
        var stopOfKey: [String: Int] = [:]
        for (index, stop) in plan.stops.enumerated() {
            switch stop.errand {
            case .place(let invoice): stopOfKey[ReplayPlan.key(run: name, invoice: invoice.number)] = index
            case .cancel(let placed):
                if case .accepted? = departures[index], case .accepted(let order, _, _)? = departures[placed] {
                    mustBeCancelled.insert(order)
                }
            }
        }
        return try JournalFile.entries(at: JournalFile.path(data: data, run: name, worker: 0)).map { entry in
            guard let stop = stopOfKey[entry.key] else {
                throw JournalError(description: "the journal holds a key of another run: \(entry.key)")
            }
            return AcceptedOrder(
                order: entry.order, intended: plan.intended(stop), total: entry.total,
                mustBeCancelled: mustBeCancelled.contains(entry.order.description))
        }
    }
}
