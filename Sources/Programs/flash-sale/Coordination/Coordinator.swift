import Contracts
import Foundation

/// Runs a sale: fills the shelves, lets the workers loose at one instant, follows their orders, asks the audit.
struct Coordinator: Sendable {
    /// A worker process holds at most 20,000 files on the machines that matter; this leaves room.
    static let shoppersAWorker = 18_000
    static let maximumWorkers = 8
    static let sourceAddressesAWorker = 4

    var plan: SalePlan
    var stock: Stock
    var manners: Shopper.Manners
    var data: String
    var workers: Int
    var drainTimeout: Duration
    var settings: ServiceSettings
    /// How long services that are not up yet are waited for.
    var patienceForServices = Duration.zero
    var executable = Siblings.own
    var auditor = Siblings.path(of: "stampede")

    static func workers(for shoppers: Int) -> Int {
        min(maximumWorkers, max(1, (shoppers + shoppersAWorker - 1) / shoppersAWorker))
    }

    func run() async throws -> Report {
        // Before anything is made there: whoever mistypes the directory is told so by the operator's token, which is not there.
        try await seed()
        try FileManager.default.createDirectory(atPath: data + "/sale", withIntermediateDirectories: true)
        let floor = Floor(workers: workers)
        let watch = try Watch(data: data, floor: floor, wantsTotals: false)
        defer { watch.follower.stop() }
        let ((result, accepted), observation) = try await watch.watching(
            usage: ProcessUsage(runDirectory: data + "/run"), lag: LagProbe(data: data, settings: settings)
        ) {
            let result = try await sell(floor)
            let accepted = try acceptedOrders()
            _ = try await watch.drain(accepted, timeout: drainTimeout)
            return (result, accepted)
        }
        guard let start = floor.start else { throw WorkerError(description: "the sale never started") }
        let own = ProcessorTime.ofThisProcess()
        watch.say("Auditing")
        let audit = await AuditRun(executable: auditor, data: data).finding()
        // Not older than what the audit has read: both speak of the same orders.
        let settlement = try await watch.drain(accepted, timeout: Watch.lastLook)
        return SaleOutcome(
            kind: "run", run: plan.run,
            settings: .init(
                seed: plan.seed, arrivalSeconds: Double(plan.schedule.arrivalNanoseconds) / 1_000_000_000,
                products: plan.products, stock: stock.description, declineShare: plan.declineShare,
                patienceSeconds: Double(manners.patienceNanoseconds) / 1_000_000_000,
                cores: ProcessInfo.processInfo.activeProcessorCount),
            offered: plan.shoppers, intended: plan.schedule.offsets(), start: start, result: result, accepted: accepted,
            settlement: settlement, observation: observation,
            generator: .init(processes: workers + 1, cpuSeconds: result.cpuSeconds + own),
            replay: nil, audit: audit
        ).report()
    }

    private func seed() async throws {
        let catalogue = Catalogue(products: plan.products, seed: plan.seed)
        let units = stock.spread(over: plan.products, shoppers: plan.shoppers)
        let client = AdminClient(settings: settings, patience: patienceForServices, data: data)
        try await client.put(
            products: catalogue.products.map {
                .init(productId: $0.id, name: $0.name, price: .init(amount: $0.price, currency: Catalogue.currency))
            })
        try await client.put(
            stock: zip(catalogue.products, units).map { .init(productId: $0.id, available: Int64($1)) },
            key: "seed-\(plan.run)")
    }

    private func sell(_ floor: Floor) async throws -> WorkerResult {
        try await withThrowingTaskGroup(of: WorkerResult.self) { group in
            for worker in 0..<workers {
                group.addTask {
                    try await WorkerProcess.run(assignment(of: worker), executable: executable, floor: floor)
                }
            }
            return try await group.reduce(into: WorkerResult()) { $0.add($1) }
        }
    }

    private func assignment(of worker: Int) -> WorkerOrder.Assignment {
        let first = 2 + worker * Self.sourceAddressesAWorker
        let isOnLoopback = settings.hosts == .loopback
        return WorkerOrder.Assignment(
            sale: plan, worker: worker, workers: workers,
            plan: WorkerPlan(
                host: settings.hosts.host(of: .order), port: settings.checkoutPort,
                sourceAddresses: isOnLoopback
                    ? (first..<first + Self.sourceAddressesAWorker).map { "127.0.0.\($0)" } : [],
                manners: manners, connectionLimit: max(1, OpenFileLimit.raise() - OpenFileLimit.reserve)),
            journalPath: JournalFile.path(data: data, run: plan.run, worker: worker))
    }

    private func acceptedOrders() throws -> [AcceptedOrder] {
        let offsets = plan.schedule.offsets()
        return try (0..<workers).flatMap { worker in
            try JournalFile.entries(at: JournalFile.path(data: data, run: plan.run, worker: worker)).map { entry in
                guard let shopper = plan.shopper(of: entry.key) else {
                    throw JournalError(description: "the journal holds a key of another run: \(entry.key)")
                }
                return AcceptedOrder(order: entry.order, intended: offsets[shopper], total: entry.total)
            }
        }
    }
}

/// Names a run, so that no two runs on one data directory share a key: the start in milliseconds, and the seed.
enum RunName {
    static func make(prefix: String, seed: UInt64?, at time: Timestamp = StartInstant.calendarNow) -> String {
        let start = String(time.microseconds / 1000, radix: 16)
        return seed.map { "\(prefix)-\(start)-\($0)" } ?? "\(prefix)-\(start)"
    }
}
