import Contracts
import Delivery
import EventLog
import FileEventLog
import Foundation
import GRDB
import Logging
import ServiceRuntime

/// One service over real files, from its start to its stop: the wiring of production without configuration and HTTP.
struct RunningService {
    let node: ServiceNode
    let operators: OperatorQueue
    let reader: ServiceRuntime.DatabaseReader
    private let core: ServiceCore
    private var tasks: [Task<Void, any Error>] = []
    private let databaseThread: ThreadExecutor

    /// - Parameters:
    ///   - databaseThread: of this service alone; so is `relayThread`.
    init(
        _ card: ServiceCard, in directory: String, log: any EventLog, databaseThread: ThreadExecutor,
        relayThread: ThreadExecutor
    ) throws {
        self.databaseThread = databaseThread
        let path = "\(directory)/\(card.name.rawValue).db"
        try PosixDisk().writeAgain(ServiceDatabase.writeAheadLog(of: path))
        let bell = Doorbell()
        operators = OperatorQueue(bell: bell)
        node = try ServiceNode(
            card: card, database: ServiceDatabase(path: path), clock: SystemClock(),
            logger: Logger(label: "stress") { _ in SwiftLogNoOpLogHandler() })
        reader = try ServiceRuntime.DatabaseReader(path: path)
        core = try ServiceCore(
            node: node, log: log, randomness: SystemRandomness(), options: Self.options, operators: operators,
            bell: bell)
        for part in core.parts {
            tasks.append(
                Task(executorPreference: part.thread == .database ? databaseThread : relayThread) {
                    try await part.run()
                })
        }
    }

    private static var options: ServiceCore.Options {
        var options = ServiceCore.Options()
        options.policy = policy
        options.limits.batchEvents = 64
        return options
    }

    /// Short pauses, so that much happens in a second.
    static var policy: RetryPolicy {
        var policy = RetryPolicy()
        policy.firstDelay = .milliseconds(2)
        policy.longestDelay = .milliseconds(20)
        return policy
    }

    mutating func add(_ part: @escaping @Sendable () async throws -> Void) {
        tasks.append(Task(executorPreference: databaseThread) { try await part() })
    }

    /// Whatever is under way: what is not committed is done again in the next life.
    func stop() async throws {
        for task in tasks { task.cancel() }
        for task in tasks {
            do { try await task.value } catch is CancellationError {}
        }
        core.close()
        try node.database.close()
    }
}

/// Both services from a start to a stop.
struct ShopLife {
    typealias Commands = CommandQueue<Shop.Place>

    private(set) var order: RunningService
    private(set) var inventory: RunningService
    let commands: Commands

    /// Threads last as long as the process, so each service has the same ones in all its lives.
    struct Threads {
        let orderDatabase = ThreadExecutor(name: "order")
        let orderRelay = ThreadExecutor(name: "order relay")
        let inventoryDatabase = ThreadExecutor(name: "inventory")
        let inventoryRelay = ThreadExecutor(name: "inventory relay")
    }

    init(in directory: String, log: any EventLog, weather: Weather, outside: Outside, threads: Threads) throws {
        order = try RunningService(
            Shop.order(), in: directory, log: log, databaseThread: threads.orderDatabase,
            relayThread: threads.orderRelay)
        inventory = try RunningService(
            Shop.inventory(weather), in: directory, log: log, databaseThread: threads.inventoryDatabase,
            relayThread: threads.inventoryRelay)
        let commands = Commands(node: order.node, limit: 64, handler: Shop.Place())
        self.commands = commands
        order.add { try await commands.run() }
        let node = inventory.node
        inventory.add {
            let calls = try OutsideCalls(
                node: node, name: "giver", caller: outside, concurrency: Outside.concurrency,
                policy: RunningService.policy, randomness: SystemRandomness())
            try await calls.run()
        }
    }

    func stop() async throws {
        try await order.stop()
        try await inventory.stop()
    }
}
