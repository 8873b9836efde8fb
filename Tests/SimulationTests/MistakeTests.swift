import Simulation
import Testing

@Suite("Deliberate mistakes are found", .tags(.simulation), .timeLimit(.minutes(10)))
struct MistakeTests {
    /// With what goes wrong a mistake shows.
    private static let revealing: [PlantedMistake: Set<FaultKind>] = [
        .logSyncsNothing: [.machineCrash],
        .databaseSyncsNothing: [.machineCrash],
        .directorySyncsNothing: [.machineCrash],
        .mailSyncsNothing: [.machineCrash],
        .logNotWrittenAgain: [.machineCrash, .syncError],
        .freshKeyEachCall: [.gatewayLost],
    ]

    /// Seeds within which each must be found.
    private static let budget: UInt64 = 100

    @Test("A run finds it", arguments: PlantedMistake.allCases)
    func found(_ mistake: PlantedMistake) async throws {
        let kinds = try #require(Self.revealing[mistake])
        let seed = try await offPool { () -> UInt64? in
            for seed in 1...Self.budget {
                var options = WorldOptions(seed: seed, span: .seconds(20), kinds: kinds)
                guard Set(options.plan.faults.map(\.kind)) == kinds else { continue }
                options.orders = 12
                options.planted = mistake
                if try runOnThisThread(options).violation != nil { return seed }
            }
            return nil
        }
        #expect(seed != nil, "\(mistake.rawValue) was not found in \(Self.budget) seeds")
    }
}
