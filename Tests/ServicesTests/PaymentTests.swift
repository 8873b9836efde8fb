import Contracts
import Delivery
import Foundation
import GRDB
import Testing

@testable import PaymentService

@Suite("Payment", .timeLimit(.minutes(5)))
struct PaymentTests {
    private let succeeded = "succeeded 4498"
    private let refunded = "refunded 4498"

    // MARK: - The answers of the gateway

    @Test("a reservation is charged in full, in the reservation's name, and answered once")
    func charged() async throws {
        let till = try PaymentTill()
        let order = till.service.newOrderID()
        let reserved = try till.reserve(order)
        try await till.finish()
        #expect(try till.story(order) == [succeeded])
        #expect(try till.causes(order) == [reserved.id])
        #expect(till.gateway.calls.map(\.key) == ["charge:\(order)"])
        let body = try #require(till.gateway.calls.first).body
        #expect(
            String(decoding: body, as: UTF8.self) == """
                {"amount":4498,"confirm":true,"currency":"gbp","metadata":{"order_id":"\(order)"},"payment_method":"tok_visa"}
                """)
        let fact = try #require(try till.service.payloads(V1.PaymentSucceeded.self, on: .payments).first)
        #expect(fact.payload == V1.PaymentSucceeded(amount: PaymentTill.total, paymentIntent: "pi_charge:\(order)"))
    }

    @Test("a declined card fails the payment, with the bank's reason")
    func declined() async throws {
        let till = try PaymentTill()
        let order = till.service.newOrderID()
        let reserved = try till.reserve(order, card: "tok_declined")
        try await till.finish()
        #expect(try till.story(order) == ["failed declined"])
        #expect(try till.causes(order) == [reserved.id])
        #expect(
            try till.service.payloads(V1.PaymentFailed.self, on: .payments).first?.payload.declineCode
                == "generic_decline")
    }

    @Test("a charge that the gateway does not take is voided before it counts as failed")
    func refused() async throws {
        let till = try PaymentTill()
        let order = till.service.newOrderID()
        try till.reserve(order, card: "tok_unknown")
        try await till.finish()
        #expect(try till.story(order) == ["failed declined"])
        #expect(till.gateway.calls.map(\.operation) == ["charge", "void"])
        #expect(till.gateway.bound("charge:\(order)") == .voided)
    }

    @Test("a refused charge whose void was heard by nobody is still a declined one, not an expired one")
    func refusedAfterCrash() async throws {
        let till = try PaymentTill()
        let order = till.service.newOrderID()
        try till.reserve(order, card: "tok_unknown")
        till.gateway.expect(.clear, .lostAfter)
        try await till.finish()
        #expect(try till.story(order) == ["failed declined"])
    }

    @Test("a refusal whose void finds a capture is a success: the money was taken")
    func refusedButCaptured() async throws {
        let till = try PaymentTill()
        let order = till.service.newOrderID()
        till.gateway.bind("charge:\(order)", .refused("the key was used with another body"))
        try till.reserve(order)
        try till.service.runUntilIdle()
        let intent = try #require(try till.openIntents.first)
        struct Contrary: PaymentGateway {
            func charge(key: String, body: [UInt8]) async throws -> ChargeAnswer { .refused("another body") }
            func void(key: String) async throws -> ChargeAnswer { .captured(paymentIntent: "pi_first") }
            func refund(key: String, body: [UInt8]) async throws -> RefundAnswer { .refunded(id: "never") }
        }
        let caller = GatewayCaller(gateway: Contrary())
        let answer = try await caller.ask(.charge(key: intent.key, body: intent.request))
        #expect(answer == .charge(.captured(paymentIntent: "pi_first")))
    }

    @Test(
        "whatever is lost on the way, the same bytes go out under the same key until there is an answer",
        arguments: [[.lostBefore], [.lostAfter], [.lostBefore, .lostAfter, .lostBefore]]
            as [[PaymentFakeGateway.Weather]])
    func unknown(weather: [PaymentFakeGateway.Weather]) async throws {
        let till = try PaymentTill()
        let order = till.service.newOrderID()
        try till.reserve(order)
        for one in weather { till.gateway.expect(one) }
        try await till.finish()
        #expect(try till.story(order) == [succeeded])
        #expect(till.gateway.calls.count == weather.count + 1)
        #expect(Set(till.gateway.calls.map(\.key)) == ["charge:\(order)"])
        #expect(Set(till.gateway.calls.map(\.body)).count == 1)
        #expect(till.gateway.captures.count == 1)
    }

    @Test("a crash between the answer and its record asks again with the same bytes, and tells of it once")
    func crashed() async throws {
        let till = try PaymentTill()
        let order = till.service.newOrderID()
        try till.reserve(order)
        try till.service.runUntilIdle()
        for _ in 0..<3 {
            #expect(try await till.ask(try #require(try till.openIntents.first)))
            try till.restart()
        }
        try await till.finish()
        #expect(try till.story(order) == [succeeded])
        #expect(Set(till.gateway.calls.map(\.body)).count == 1)
        #expect(till.gateway.captures.count == 1)
    }

    @Test("an answer that arrives twice is recorded once")
    func answeredTwice() async throws {
        let till = try PaymentTill()
        let order = till.service.newOrderID()
        try till.reserve(order)
        try till.service.runUntilIdle()
        let intent = try #require(try till.openIntents.first)
        try await till.ask(intent)
        try await till.ask(intent)
        try till.settle()
        try await till.finish()
        #expect(try till.story(order) == [succeeded])
    }

    @Test("a reservation that is said again, under another id, starts nothing new")
    func reservedAgain() async throws {
        let till = try PaymentTill()
        let (paid, failed, open) = (till.service.newOrderID(), till.service.newOrderID(), till.service.newOrderID())
        try till.reserve(paid)
        try till.reserve(failed, card: "tok_declined")
        try await till.finish()
        try till.reserve(open)
        try till.service.runUntilIdle()
        for order in [paid, failed, open] { try till.reserve(order) }
        try await till.finish()
        #expect(try till.story(paid) == [succeeded])
        #expect(try till.story(failed) == ["failed declined"])
        #expect(try till.story(open) == [succeeded])
        #expect(till.gateway.calls.count == 3)
        #expect(try till.service.troubles() == 0)
    }

    // MARK: - Expiry

    @Test("a reservation that came too late is failed without asking anybody; a microsecond earlier it is charged")
    func tooLate() async throws {
        let till = try PaymentTill()
        let (late, inTime) = (till.service.newOrderID(), till.service.newOrderID())
        try till.reserve(late, hold: .seconds(10))
        till.service.clock.advance(by: .seconds(10))
        try till.reserve(inTime, hold: .microseconds(1))
        try await till.finish()
        #expect(try till.story(late) == ["failed expired"])
        #expect(try till.story(inTime) == [succeeded])
        #expect(till.gateway.calls.map(\.key) == ["charge:\(inTime)"])
    }

    @Test("an unknown outcome is voided once the hold has ended, and nothing is charged after")
    func expired() async throws {
        let till = try PaymentTill()
        let order = till.service.newOrderID()
        let reserved = try till.reserve(order, hold: .seconds(10))
        try till.service.runUntilIdle()
        till.gateway.expect(.lostBefore)
        let intent = try #require(try till.openIntents.first)
        #expect(try await !till.ask(intent))
        till.service.clock.advance(by: .seconds(10))
        try till.restart()
        try await till.finish()
        #expect(till.gateway.calls.map(\.operation) == ["charge", "void"])
        #expect(try till.story(order) == ["failed expired"])
        #expect(try till.causes(order) == [reserved.id])
        #expect(till.gateway.captures.isEmpty)
    }

    @Test(
        "a clock that leaps a day ends no hold: not of a reservation on its way, not of a charge whose outcome is unknown, over a restart too",
        arguments: [false, true])
    func clockLeaps(restarts: Bool) async throws {
        let till = try PaymentTill()
        let (asked, onItsWay, after) = (
            till.service.newOrderID(), till.service.newOrderID(), till.service.newOrderID()
        )
        try till.reserve(asked, hold: .seconds(10))
        try till.service.runUntilIdle()
        till.gateway.expect(.lostBefore)
        #expect(try await !till.ask(try #require(try till.openIntents.first)))
        try till.reserve(onItsWay, hold: .seconds(10))
        till.service.clock.set(ahead: .seconds(86_400))
        if restarts { try till.restart() }
        try till.reserve(after, hold: .seconds(10))
        till.service.clock.advance(by: .seconds(9))
        try await till.finish()
        for order in [asked, onItsWay, after] { #expect(try till.story(order) == [succeeded]) }
        #expect(Set(till.gateway.calls.map(\.operation)) == ["charge"])
    }

    @Test("a clock that was set back an hour lets no hold last longer", arguments: [false, true])
    func clockSetBack(restarts: Bool) async throws {
        let till = try PaymentTill()
        let (asked, onItsWay) = (till.service.newOrderID(), till.service.newOrderID())
        try till.reserve(asked, hold: .seconds(10))
        try till.service.runUntilIdle()
        till.gateway.expect(.lostBefore)
        #expect(try await !till.ask(try #require(try till.openIntents.first)))
        try till.reserve(onItsWay, hold: .seconds(10))
        till.service.clock.set(ahead: .seconds(-3600))
        if restarts { try till.restart() }
        till.service.clock.advance(by: .seconds(10))
        try await till.finish()
        for order in [asked, onItsWay] {
            #expect(try till.story(order) == ["failed expired"])
            #expect(
                try till.said(order).allSatisfy { $0.time >= ServiceHarness.start + .seconds(10) }, "before its end")
        }
        #expect(till.gateway.captures.isEmpty)
    }

    @Test("a void that finds a capture is a success after all")
    func voidFindsCapture() async throws {
        let till = try PaymentTill()
        let order = till.service.newOrderID()
        try till.reserve(order, hold: .seconds(10))
        try till.service.runUntilIdle()
        till.gateway.expect(.lostAfter)
        #expect(try await !till.ask(try #require(try till.openIntents.first)))
        till.service.clock.advance(by: .seconds(11))
        try await till.finish()
        #expect(till.gateway.calls.map(\.operation) == ["charge", "void"])
        #expect(try till.story(order) == [succeeded])
        #expect(till.gateway.balance == 4498)
    }

    @Test("a void that finds a decline is a decline")
    func voidFindsDecline() async throws {
        let till = try PaymentTill()
        let order = till.service.newOrderID()
        try till.reserve(order, card: "tok_declined", hold: .seconds(10))
        try till.service.runUntilIdle()
        till.gateway.expect(.lostAfter)
        #expect(try await !till.ask(try #require(try till.openIntents.first)))
        till.service.clock.advance(by: .seconds(11))
        try await till.finish()
        #expect(try till.story(order) == ["failed declined"])
    }

    // MARK: - Cancelling

    @Test("a request before the reservation is kept, and answers it")
    func cancelledBefore() async throws {
        let till = try PaymentTill()
        let order = till.service.newOrderID()
        try till.cancel(order)
        try await till.finish()
        #expect(try till.story(order).isEmpty)
        try till.restart()
        let reserved = try till.reserve(order)
        try await till.finish()
        #expect(try till.story(order) == ["failed cancelledByCustomer"])
        #expect(try till.causes(order) == [reserved.id])
        #expect(till.gateway.calls.isEmpty)
    }

    @Test("a request while nothing is known of the charge voids the key")
    func cancelledUnderWay() async throws {
        let till = try PaymentTill()
        let order = till.service.newOrderID()
        let reserved = try till.reserve(order)
        try till.service.runUntilIdle()
        till.gateway.expect(.lostBefore)
        #expect(try await !till.ask(try #require(try till.openIntents.first)))
        try till.cancel(order)
        try await till.finish()
        #expect(till.gateway.calls.map(\.operation) == ["charge", "void"])
        #expect(try till.story(order) == ["failed cancelledByCustomer"])
        #expect(try till.causes(order) == [reserved.id])
        #expect(till.gateway.balance == 0)
    }

    @Test("a request under a charge that succeeded is told of both, and pays back once, because of the request")
    func cancelledButCaptured() async throws {
        let till = try PaymentTill()
        let order = till.service.newOrderID()
        let reserved = try till.reserve(order)
        try till.service.runUntilIdle()
        // Captured, and the answer is on its way when the request comes.
        #expect(try await till.ask(try #require(try till.openIntents.first)))
        let request = try till.cancel(order)
        try till.service.runUntilIdle()
        try till.settle()
        try await till.finish()
        #expect(try till.story(order) == [succeeded, refunded])
        #expect(try till.causes(order) == [reserved.id, request.id])
        #expect(till.gateway.balance == 0)
    }

    @Test("a request under a charge whose answer was lost finds the capture by its void")
    func cancelledVoidFindsCapture() async throws {
        let till = try PaymentTill()
        let order = till.service.newOrderID()
        let reserved = try till.reserve(order)
        try till.service.runUntilIdle()
        till.gateway.expect(.lostAfter)
        #expect(try await !till.ask(try #require(try till.openIntents.first)))
        let request = try till.cancel(order)
        try await till.finish()
        #expect(till.gateway.calls.map(\.operation) == ["charge", "void", "refund"])
        #expect(try till.story(order) == [succeeded, refunded])
        #expect(try till.causes(order) == [reserved.id, request.id])
    }

    @Test("a request after the capture pays back once, however often it is said and whatever is lost on the way")
    func cancelledAfter() async throws {
        let till = try PaymentTill()
        let order = till.service.newOrderID()
        try till.reserve(order)
        try await till.finish()
        let request = try till.cancel(order)
        try till.cancel(order)
        try till.service.runUntilIdle()
        till.gateway.expect(.lostAfter, .lostBefore)
        try await till.finish()
        try till.cancel(order)
        try await till.finish()
        #expect(try till.story(order) == [succeeded, refunded])
        #expect(try till.causes(order).last == request.id)
        let refunds = till.gateway.calls.filter { $0.operation == "refund" }
        #expect(refunds.count == 3)
        #expect(Set(refunds.map(\.key)) == ["refund:\(order)"])
        #expect(Set(refunds.map(\.body)).count == 1)
        #expect(till.gateway.balance == 0)
        #expect(
            try till.service.rows("SELECT state, refund FROM payments").map { "\($0[0] as String) \($0[1] as String)" }
                == ["refunded re_refund:\(order)"])
    }

    @Test("a request after a failed payment has nothing to do")
    func cancelledAfterFailure() async throws {
        let till = try PaymentTill()
        let order = till.service.newOrderID()
        try till.reserve(order, card: "tok_declined")
        try await till.finish()
        try till.cancel(order)
        try await till.finish()
        #expect(try till.story(order) == ["failed declined"])
        #expect(till.gateway.calls.map(\.operation) == ["charge"])
    }
}
