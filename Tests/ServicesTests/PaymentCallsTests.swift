import Contracts
import Delivery
import Testing
import TestSupport

@testable import PaymentService

/// The rules of Payment's calls with the loop that makes them in production.
@Suite("Payment: calls as they are made", .timeLimit(.minutes(5)))
struct PaymentCallsTests {
    @Test("in bad weather every order is answered once, by the same bytes under the same key", arguments: 0..<3)
    func badWeather(seed: UInt64) async throws {
        let random = SeededRandomness(seed: seed)
        let till = try PaymentTill(seed: seed) { random.pick(PaymentFakeGateway.Weather.allCases) }
        let orders = (0..<12).map { _ in till.service.newOrderID() }
        for order in orders { try till.reserve(order, card: random.pick(["tok_visa", "tok_declined"])) }
        for order in orders where random.chance(0.3) { try till.cancel(order) }
        try till.service.runUntilIdle()
        let calls = Task { [node = till.service.node, caller = till.caller, randomness = till.service.randomness] in
            try await OutsideCalls(node: node, caller: caller, concurrency: 4, randomness: randomness).run()
        }
        while try till.service.count("SELECT count(*) FROM intents WHERE state = 'open'") > 0 {
            if till.service.clock.sleepers > 0 { till.service.clock.advance(by: .milliseconds(100)) }
            await Task.yield()
        }
        calls.cancel()
        try await calls.value
        try till.service.runUntilIdle()
        for order in orders {
            let story = try till.story(order)
            #expect(story.filter { $0.hasPrefix("succeeded") || $0.hasPrefix("failed") }.count == 1)
            let charges = till.gateway.calls.filter { $0.key == "charge:\(order)" && $0.operation == "charge" }
            #expect(Set(charges.map(\.body)).count <= 1)
        }
        let events = try till.service.payloads(V1.PaymentSucceeded.self, on: .payments)
        #expect(Set(events.map(\.subject)).count == events.count)
        #expect(till.gateway.captures.count == events.count)
        #expect(try till.service.domain() == till.service.rebuiltDomain(seed: seed))
    }
}
