import Simulation
import Testing

@Suite("Shrinking", .tags(.simulation), .timeLimit(.minutes(5)))
struct ShrinkingTests {
    @Test("It finds the two of many faults that are to blame, and no more")
    func findsTheMinimum() throws {
        let faults = FaultPlan(seed: 12, span: .seconds(30)).faults
        try #require(faults.count > 5)
        let guilty = [faults[1], faults[faults.count - 2]]
        var shrinking = Shrinking { candidate in guilty.allSatisfy { candidate.contains($0) } }
        #expect(try shrinking.shrink(faults) == guilty)
        #expect(shrinking.runs < 100)
    }

    @Test("Where no fault is to blame, none is named")
    func findsNone() throws {
        var shrinking = Shrinking { _ in true }
        #expect(try shrinking.shrink(FaultPlan(seed: 12, span: .seconds(30)).faults).isEmpty)
    }
}
