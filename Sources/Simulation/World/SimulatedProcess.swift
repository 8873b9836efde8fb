import AnalyticsService
import Contracts
import Delivery
import EventLog
import FileEventLog
import InventoryService
import Logging
import NotificationService
import OrderService
import PaymentService

/// One life of a service in the simulated machine: from its start to its end, which is mostly a crash.
///
/// The dead are not frozen: their tasks are cancelled and run to their end, so that their memory is free again, but no port
/// does anything for them any more. Unchecked: a world runs on one thread.
final class SimulatedProcess: @unchecked Sendable {
    let world: World
    /// Nil for an operator's program.
    let service: ServiceName?
    let number: Int
    let randomness: SeededRandomness
    /// Nothing that it asks of the disk ever fails: it looks at the world from outside.
    let isObserver: Bool
    private(set) var isDead = false
    /// What the disk calls when a shared page was changed.
    var watches: [@Sendable () -> Bool] = []
    var isToBeWoken = false
    private(set) var node: ServiceNode?
    /// What customers and operators reach it by.
    private(set) var doors: Doors?
    private var task: Task<Void, Never>?

    /// What a service answers to from outside.
    struct Doors {
        var checkout: Checkout?
        var orders: CommandQueue<Checkout>?
        var cancellations: CommandQueue<Cancellation>?
        var stock: CommandQueue<StockTaking>?
    }

    init(_ world: World, _ service: ServiceName?, number: Int, isObserver: Bool = false) {
        self.world = world
        self.service = service
        self.number = number
        self.isObserver = isObserver
        randomness = SeededRandomness(SeededRandom(seed: world.options.seed, service?.rawValue ?? "program", number))
    }

    /// Runs the service until it ends; then the world is told.
    func start(_ service: ServiceName) {
        task = Task(executorPreference: world.executor) { [self] in
            do {
                try await run(service)
                if !isDead { world.ended(self, because: nil) }
            } catch {
                if !isDead { world.ended(self, because: error) }
            }
            doors = nil
            node = nil
            watches = []
        }
    }

    /// From here on, nothing that it does counts.
    func die() {
        guard !isDead else { return }
        isDead = true
        watches = []
        task?.cancel()
    }

    private func run(_ service: ServiceName) async throws {
        let disk = ProcessDisk(world.disk, self)
        let directory = "/db/\(service.rawValue)"
        try disk.createDirectory(directory)
        let lock = try disk.lockDirectory(directory)
        let host = DatabaseHost(disk)
        if world.options.planted != .logNotWrittenAgain {
            try disk.writeAgain(ServiceDatabase.writeAheadLog(of: "\(directory)/\(service.rawValue).db"))
        }
        let database = try ServiceDatabase(path: host.location(of: "\(directory)/\(service.rawValue).db"))
        let node = try ServiceNode(
            card: world.shop.card(of: service), database: database, clock: VirtualClock(time: world.time),
            logger: logger(service))
        let log = TracedLog(log: world.log(on: disk, randomness), trace: world.trace)
        let bell = Doorbell()
        let core = try ServiceCore(
            node: node, log: log, randomness: randomness, options: world.shop.options(of: service), bell: bell)
        let (parts, doors) = try parts(of: service, node, log, disk)
        self.node = node
        self.doors = doors
        world.started(self)
        defer {
            core.close()
            // A dead handle answers with errors, and has nothing to lose.
            try? database.close()
            lock.release()
            withExtendedLifetime(host) {}
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in core.parts.map(\.run) + parts {
                group.addTask { [self] in
                    do {
                        try await part()
                    } catch {
                        // The process ends here and now, not when its other parts have come to an end.
                        if !isDead { world.ended(self, because: error) }
                        throw error
                    }
                }
            }
            while try await group.next() != nil {}
        }
    }

    /// What each service runs besides; as its program wires it.
    private func parts(
        of service: ServiceName, _ node: ServiceNode, _ log: any EventLog, _ disk: ProcessDisk
    ) throws -> ([@Sendable () async throws -> Void], Doors) {
        let loops = ServiceLoops(node: node, randomness: randomness)
        switch service {
        case .order:
            let checkout = Checkout(randomness: randomness)
            let orders = CommandQueue(node: node, limit: 64, handler: checkout)
            let cancellations = CommandQueue(node: node, limit: 64, handler: Cancellation())
            return (
                [{ try await orders.run() }, { try await cancellations.run() }],
                Doors(checkout: checkout, orders: orders, cancellations: cancellations)
            )
        case .inventory:
            let stock = CommandQueue(node: node, limit: 64, handler: StockTaking(randomness: randomness))
            return ([{ try await stock.run() }], Doors(stock: stock))
        case .payment:
            let calls = Handover(
                try OutsideCalls(
                    node: node, name: "the payment gateway",
                    caller: GatewayCaller(gateway: GatewayLine(gateway: world.gateway, process: self)),
                    concurrency: world.shop.concurrency, randomness: randomness, callExecutor: world.executor))
            return ([{ try await calls.take().run() }], Doors())
        case .notification:
            let mailbox = MboxChannel(file: try SimulatedAppendOnlyFile(path: "/mail/outbox.mbox", on: disk))
            let mail = Handover(try MailRunner(node: node, channel: mailbox))
            return ([{ try await mail.take().run(loops) }], Doors())
        case .analytics:
            let stuck = Handover(StuckOrders(node: node, log: log))
            return ([{ try await stuck.take().run(loops) }], Doors())
        }
    }

    private func logger(_ service: ServiceName) -> Logger {
        Logger(label: service.rawValue) { [self] _ in ProcessLog(process: self) }
    }
}
