import Simulation
import Testing

@Suite("A clock that is set, an hour back or a day ahead", .tags(.simulation), .timeLimit(.minutes(10)))
struct ClockTests {
    private static let jumps: Set<FaultKind> = [.clockForward, .clockBackward]
    /// What an order waits for with a pause: pauses are what a clock could make longer.
    private static let pausing: Set<FaultKind> = [
        .handlerFault, .gatewayDown, .gatewayError, .gatewayLost, .gatewaySlow,
    ]

    /// What must have come to its end within a minute of virtual time, since no usual pause is longer.
    private func options(_ seed: UInt64, _ kinds: Set<FaultKind>) -> WorldOptions {
        var options = WorldOptions(seed: seed, span: .seconds(20), kinds: kinds)
        options.orders = 12
        options.patience = .seconds(60)
        return options
    }

    private func fails(_ report: SimulationReport) -> String? {
        if let violation = report.violation { return "\(violation)" }
        return report.expired > 0 ? "\(report.expired) orders expired, and none was held for long" : nil
    }

    @Test("It costs no order more than its usual pauses, and ends no hold before its time")
    func costsNothing() async throws {
        let jumped = try await offPool { () -> Int in
            var jumped = 0
            for seed in 1...60 as ClosedRange<UInt64> {
                let report = try runOnThisThread(options(seed, Self.jumps.union(Self.pausing)))
                #expect(fails(report) == nil, "seed \(seed)")
                if report.tally[.clockForward] + report.tally[.clockBackward] > 0 { jumped += 1 }
            }
            return jumped
        }
        #expect(jumped > 20)
    }

    @Test("Nor does it where services crash around it: what they knew of the clock is on disk")
    func overRestarts() async throws {
        try await offPool {
            for seed in 1...60 as ClosedRange<UInt64> {
                let report = try runOnThisThread(options(seed, Self.jumps.union(Self.pausing).union([.crashAtAwait])))
                #expect(fails(report) == nil, "seed \(seed)")
            }
        }
    }
}
