import Foundation
import Testing

@testable import payment_gateway

@Suite("Faults", .timeLimit(.minutes(5)))
struct FaultsTests {
    @Test(
        "what makes no sense is refused by name",
        arguments: [
            (#"{"errorRate":1.1}"#, "errorRate"), (#"{"errorRate":-0.1}"#, "errorRate"),
            (#"{"lostAnswerRate":2}"#, "lostAnswerRate"), (#"{"declineRate":"0.5"}"#, "declineRate"),
            (#"{"declineRate":null}"#, "declineRate"), (#"{"declineRate":1e999}"#, "declineRate"),
            (#"{"down":1}"#, "down"),
            (#"{"delayMilliseconds":-1}"#, "delayMilliseconds"),
            (#"{"delayMilliseconds":60001}"#, "delayMilliseconds"),
            (#"{"jitterMilliseconds":1.5}"#, "jitterMilliseconds"), (#"{"dwon":true}"#, "dwon"), ("[]", "body"),
            ("{", "body"), ("", "body"),
        ])
    func refused(text: String, parameter: String) {
        let refusal = #expect(throws: Refusal.self) { try Faults.standard.changed(by: Data(text.utf8)) }
        #expect(refusal?.status == 400)
        #expect(refusal?.parameter == parameter)
        #expect(refusal?.message.contains(parameter) == true)
    }

    @Test("fields that are not named stay")
    func partial() throws {
        let changed = try Faults.standard.changed(by: Data(#"{"errorRate":0.25,"down":true}"#.utf8))
        #expect(changed.errorRate == 0.25)
        #expect(changed.down)
        #expect(changed.delayMilliseconds == Faults.standard.delayMilliseconds)
        #expect(try Faults.none.changed(by: changed.body) == changed)
    }

    @Test("the same seed draws the same fates, and rates and delays come out as set")
    func fates() {
        let faults = Faults(
            delayMilliseconds: 20, jitterMilliseconds: 10, errorRate: 0.25, lostAnswerRate: 0.5, declineRate: 0.1,
            down: false)
        func draw(_ seed: UInt64) -> [FaultInjector.Fate] {
            let injector = FaultInjector(faults: faults, seed: seed)
            return (0..<10_000).map { _ in injector.nextFate() }
        }
        let fates = draw(7)
        #expect(fates == draw(7))
        #expect(fates != draw(8))
        func share(_ holds: (FaultInjector.Fate) -> Bool) -> Double { Double(fates.filter(holds).count) / 10_000 }
        #expect(abs(share(\.fails) - 0.25) < 0.03)
        #expect(abs(share(\.losesAnswer) - 0.5) < 0.03)
        #expect(abs(share(\.declines) - 0.1) < 0.03)
        #expect(abs(share(\.delaysBeforeDecision) - 0.5) < 0.03)
        #expect(fates.allSatisfy { (10_000...30_000).contains($0.delayMicroseconds) })
        #expect(share { $0.delayMicroseconds > 20_000 } > 0.4)
    }
}
