import Foundation

/// A shop on a disk whose power can be cut, and outside of it what was acknowledged and what was seen.
final class PoweredShop {
    private static let environment = FaultyRun.environment.merging(["STAMPEDE_READY_SECONDS": "120"]) { $1 }
    /// More than are placed before the power goes.
    private static let orders = 5000

    private let run: SupervisedRun
    private let image: LoopImage
    private let journal: String
    private var placed = 0
    private(set) var seen = SeenEvents()

    /// - Parameter journal: a directory outside the image.
    private init(_ run: SupervisedRun, on image: LoopImage, journal: String) throws {
        self.run = run
        self.image = image
        self.journal = journal
        try FileManager.default.createDirectory(atPath: journal, withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: run.data, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: run.data + "/sale", withDestinationPath: journal)
    }

    /// Opens a shop, runs `body`, and closes it whatever happened in it.
    ///
    /// - Parameter lie: what the disk only pretends to do, from the first order on: a value of `STAMPEDE_FAULT_FORGET`, and
    ///   where.
    static func withShop(
        on image: LoopImage, in directory: String, pretending lie: (String, in: FaultPage.Place)? = nil,
        _ body: (PoweredShop) async throws -> Void
    ) async throws {
        let data = image.mountPoint + "/data"
        let page = try FaultPage(in: directory)
        var binaries = Project.binaries
        if let lie {
            let library = try await FaultLibrary(in: directory)
            let environment = FaultLibrary.places(of: data, only: lie.in).merging(page.environment) { $1 }
                .merging(["STAMPEDE_FAULT_FORGET": lie.0]) { $1 }
            let services = DiskFault.services.map { ($0 + "-service", environment) }
            binaries = try library.programs(in: directory, broken: Dictionary(uniqueKeysWithValues: services))
        }
        let run = try SupervisedRun(data: data, binaries: binaries)
        let shop = try PoweredShop(run, on: image, journal: directory + "/journal")
        do {
            try await shop.open()
            try await Load(run, journalDirectory: shop.journal).seed(available: 10_000)
            try page.arm()
            try await body(shop)
        } catch {
            _ = try await run.supervisor("down")
            throw error
        }
        _ = try await run.supervisor("down")
    }

    private func open() async throws {
        let up = try await run.supervisor("up", environment: Self.environment)
        guard up.status == 0 else { throw TookTooLong(description: "up: exit code \(up.status)\n\(up.errors)") }
    }

    /// Sells, cuts the power once so many orders are acknowledged, and starts everything again on what the disk held.
    ///
    /// - Returns: what is wrong afterwards: a service that does not start, an order or an event that is gone, the audit.
    func sellAndLosePower(afterOrders count: Int) async throws -> [String] {
        let load = try Load(run, journalDirectory: journal)
        let numbers = placed..<placed + Self.orders
        async let selling: Void = load.place(numbers)
        try await waitUntil("\(count) orders are acknowledged") {
            load.acknowledged.count >= count
        }
        try await stopAll()
        try seen.read(run.data)
        load.end()
        try await image.cutPower { try await killAll() }
        try await selling
        placed = numbers.upperBound
        do {
            try await open()
            try await load.waitUntilSettled()
            let audit = try await run.auditWhenQuiet()
            return seen.objections(run.data) + (audit.status == 0 ? [] : [audit.output + audit.errors])
        } catch {
            return ["\(error)"] + seen.objections(run.data)
        }
    }

    /// Every service stands still, in no system call: nothing moves on the disk while it is copied.
    private func stopAll() async throws {
        let pids = try await run.status().services.compactMap(\.pid)
        for pid in pids { kill(pid, SIGSTOP) }
        try await waitUntil("all services stand still") { pids.allSatisfy(ProcessTable.isStopped) }
    }

    /// Everything dies with the supervisor.
    private func killAll() async throws {
        kill(try run.pid("supervisor"), SIGKILL)
        try await waitUntil("everything is dead") { self.run.processes.isEmpty }
    }
}
