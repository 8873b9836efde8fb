import Foundation

/// A run of twenty orders with nothing broken, and what each service called in it.
struct Rehearsal: Sendable {
    struct Counts: Sendable {
        /// Until the service was ready.
        var start: [FaultPage.Call: Int] = [:]
        /// From the first start to the end.
        var all: [FaultPage.Call: Int] = [:]
        /// The same for each place.
        var places: [FaultPage.Place: [FaultPage.Call: Int]] = [:]
    }

    private(set) var services: [String: Counts] = [:]
    let audit: Outcome

    /// - Parameter directory: its own, empty.
    init(library: FaultLibrary, in directory: String) async throws {
        let data = directory + "/data"
        var pages: [String: FaultPage] = [:]
        var broken: [String: [String: String]] = [:]
        for service in DiskFault.services {
            let page = try FaultPage(in: directory, named: service)
            try page.arm()
            pages[service] = page
            broken[service + "-service"] = page.environment.merging(FaultLibrary.places(of: data)) { $1 }
        }
        let run = try SupervisedRun(data: data, binaries: try library.programs(in: directory, broken: broken))
        var counts: [String: Counts] = [:]
        var audit: Outcome?
        try await run.whileUp(environment: FaultyRun.environment) {
            for (service, page) in pages { counts[service] = Counts(start: try Self.all(page)) }
            let load = try Load(run)
            try await load.seed()
            try await load.place(0..<FaultyRun.orders)
            try await load.waitUntilSettled()
            audit = try await run.auditWhenQuiet()
            for (service, page) in pages {
                counts[service]?.all = try Self.all(page)
                for place in FaultPage.Place.allCases {
                    counts[service]?.places[place] = try Self.all(page) { try page.counted($0, place) }
                }
            }
        }
        guard let audit else { throw TookTooLong(description: "no audit") }
        self.audit = audit
        services = counts
    }

    /// About how many calls of a kind a service makes from a stage on.
    func calls(_ kind: DiskFault.Kind, _ service: String, _ stage: DiskFault.Stage) -> Int {
        guard let call = FaultPage.Call(rawValue: kind.call), let counts = services[service] else { return 1 }
        let all = counts.all[call] ?? 0
        let start = counts.start[call] ?? 0
        return switch stage {
        case .start: all
        case .load: all - start
        // The same files are opened again, and more than half of the orders are still to come.
        case .restart: kind == .killedAtMap ? start : all - start
        }
    }

    private static func all(_ page: FaultPage) throws -> [FaultPage.Call: Int] { try all(page, page.counted) }

    private static func all(_ page: FaultPage, _ counted: (FaultPage.Call) throws -> Int) throws -> [FaultPage.Call:
        Int]
    {
        try Dictionary(uniqueKeysWithValues: FaultPage.Call.allCases.map { ($0, try counted($0)) })
    }
}
