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
    /// What customers reach Order by, and operators Inventory.
    private(set) var orderDoors: OrderDoors?
    private(set) var inventoryDoors: InventoryDoors?
    private var task: Task<Void, Never>?

    /// Requests that wait in each of Order's queues at most.
    private static let waitingOrders = 64

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
            orderDoors = nil
            inventoryDoors = nil
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
        let parts = try core.parts + parts(of: service, node, log, disk)
        self.node = node
        world.started(self)
        defer {
            core.close()
            // A dead handle answers with errors, and has nothing to lose.
            try? database.close()
            lock.release()
            withExtendedLifetime(host) {}
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in parts {
                group.addTask { [self] in
                    do {
                        try await part.run()
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

    /// What the service runs besides its core.
    private func parts(
        of service: ServiceName, _ node: ServiceNode, _ log: any EventLog, _ disk: ProcessDisk
    ) throws -> [ServicePart] {
        switch service {
        case .order:
            let doors = OrderDoors(node: node, waiting: Self.waitingOrders, randomness: randomness)
            orderDoors = doors
            return doors.parts
        case .inventory:
            let doors = InventoryDoors(node: node, randomness: randomness)
            inventoryDoors = doors
            return doors.parts
        case .payment:
            return try PaymentService.parts(
                node: node, gateway: GatewayLine(gateway: world.gateway, process: self),
                concurrency: world.shop.concurrency, randomness: randomness, callExecutor: world.executor)
        case .notification:
            let mailbox = MboxChannel(file: try SimulatedAppendOnlyFile(path: "/mail/outbox.mbox", on: disk))
            return try NotificationService.parts(node: node, channel: mailbox, randomness: randomness)
        case .analytics:
            return AnalyticsService.parts(node: node, log: log, randomness: randomness)
        }
    }

    private func logger(_ service: ServiceName) -> Logger {
        Logger(label: service.rawValue) { [self] _ in ProcessLog(process: self) }
    }
}
