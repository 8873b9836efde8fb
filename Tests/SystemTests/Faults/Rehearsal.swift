import Foundation

/// A run of twenty orders with nothing broken, and what each service called in it.
struct Rehearsal: Sendable {
    /// Calls of a service by place and sort.
    typealias Counts = [FaultPage.Place: [FaultPage.Call: Int]]

    /// Until the service was ready.
    private let start: [String: Counts]
    /// From the first start to the end.
    private let all: [String: Counts]

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
        var start: [String: Counts] = [:]
        var all: [String: Counts] = [:]
        var audit: Outcome?
        try await run.whileUp(environment: FaultyRun.environment) {
            start = try pages.mapValues(Self.counts)
            let load = try Load(run)
            try await load.seed()
            try await load.place(0..<FaultyRun.orders)
            try await load.waitUntilSettled()
            audit = try await run.auditWhenQuiet()
            all = try pages.mapValues(Self.counts)
        }
        FreePorts.giveBack(run.portBase)
        guard audit?.status == 0 else { throw TookTooLong(description: "unbroken: \(audit?.output ?? "no audit")") }
        self.start = start
        self.all = all
    }

    /// About how many calls of a kind a service makes from a stage on, in a place or in all.
    func calls(_ kind: DiskFault.Kind, _ service: String, _ stage: DiskFault.Stage, _ place: FaultPage.Place?) -> Int {
        func sum(_ counts: Counts?) -> Int {
            let places = place.map { [$0] } ?? FaultPage.Place.allCases
            return places.reduce(0) { $0 + (counts?[$1]?[kind.call] ?? 0) }
        }
        return switch stage {
        case .start: sum(all[service])
        case .ready, .load: sum(all[service]) - sum(start[service])
        // The same files are opened again, and more than half of the orders are still to come.
        case .restart: kind == .killedAtMap ? sum(start[service]) : sum(all[service]) - sum(start[service])
        }
    }

    private static func counts(_ page: FaultPage) throws -> Counts {
        try Dictionary(
            uniqueKeysWithValues: FaultPage.Place.allCases.map { place in
                let calls = try FaultPage.Call.allCases.map { ($0, try page.counted($0, place)) }
                return (place, Dictionary(uniqueKeysWithValues: calls))
            })
    }
}
