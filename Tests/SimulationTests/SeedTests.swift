import Simulation
import Testing

@Suite("A seed is a run", .tags(.simulation), .timeLimit(.minutes(5)))
struct SeedTests {
    @Test("The same seed gives the same trace, another seed another one")
    func repeats() async throws {
        var seen: Set<String> = []
        for seed in 1...4 as ClosedRange<UInt64> {
            let first = try await run(seed)
            let again = try await run(seed)
            #expect(first.traceHash == again.traceHash, "seed \(seed) ran in two ways")
            #expect(first.tally == again.tally)
            #expect(seen.insert(first.traceHash).inserted, "seed \(seed) ran like another one")
        }
    }

    @Test("Without faults, every order is taken and all ten invariants hold")
    func calm() async throws {
        let report = try await run(7, orders: 20, kinds: [])
        #expect(report.violation == nil)
        #expect(report.orders == 20)
        #expect(report.happened.isEmpty)
    }

    @Test("Whatever goes wrong, all ten invariants hold in the end", arguments: 1...8 as ClosedRange<UInt64>)
    func holds(_ seed: UInt64) async throws {
        let report = try await run(seed)
        #expect(report.violation == nil, "run 'simulate --seed \(seed) --orders 12 --until 20'")
    }

    @Test(
        "Seeds that found a mistake stay found: docs/simulation.md says what it was",
        arguments: [
            (2, [.machineCrash, .syncError]), (7, [.machineCrash, .syncError]),
            (17, [.machineCrash]), (34, [.machineCrash]), (35, [.machineCrash]),
        ] as [(UInt64, Set<FaultKind>)])
    func regressions(_ seed: UInt64, _ kinds: Set<FaultKind>) async throws {
        let report = try await run(seed, orders: 20, span: .seconds(30), kinds: kinds)
        #expect(report.violation == nil, "run 'simulate --seed \(seed) --orders 20'")
        let whole = try await run(seed, orders: 20, span: .seconds(30))
        #expect(whole.violation == nil, "run 'simulate --seed \(seed) --orders 20'")
    }

    @Test("A fault taken out of a plan leaves the others as they are")
    func plansAreSets() {
        let whole = FaultPlan(seed: 5, span: .seconds(30)).faults
        let some = FaultPlan(seed: 5, kinds: [.machineCrash, .crashAtCommit, .diskFull], span: .seconds(30)).faults
        for fault in some {
            #expect(
                whole.contains { $0.kind == fault.kind && $0.at == fault.at && $0.count == fault.count },
                "\(fault) is in the smaller plan alone")
        }
    }
}
