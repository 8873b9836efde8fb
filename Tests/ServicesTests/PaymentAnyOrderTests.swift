import Contracts
import Delivery
import Foundation
import GRDB
import Testing
import TestSupport

@testable import PaymentService

/// Payment under every order of what it hears, asks and is answered, in any weather, with crashes between.
@Suite("Payment: in any order", .timeLimit(.minutes(5)))
struct PaymentAnyOrderTests {
    /// Every way to weave one order's moments together.
    enum Moment: CaseIterable {
        case reserve, cancel, ask, settle, crash, expire
    }

    private func permutations(_ moments: [Moment]) -> [[Moment]] {
        guard let first = moments.first else { return [[]] }
        return permutations(Array(moments.dropFirst())).flatMap { rest in
            (0...rest.count).map { place in
                var one = rest
                one.insert(first, at: place)
                return one
            }
        }
    }

    @Test(
        "all 720 orders of reservation, request, call, record, crash and expiry end with one answer, and no money is lost",
        arguments: 0..<6)
    func everyOrder(part: Int) async throws {
        let weathers = PaymentFakeGateway.Weather.allCases
        let cards = ["tok_visa", "tok_visa", "tok_declined", "tok_unknown"]
        let random = SeededRandomness(seed: UInt64(part))
        // One till for all: each order of moments is an order of its own.
        let till = try PaymentTill()
        for (number, moments) in permutations(Moment.allCases).enumerated() where number % 6 == part {
            let (weather, card) = (random.pick(weathers), random.pick(cards))
            let order = till.service.newOrderID()
            var reserved: Envelope?
            var request: Envelope?
            for moment in moments {
                switch moment {
                case .reserve: reserved = try till.reserve(order, card: card, hold: .seconds(10))
                case .cancel: request = try till.cancel(order)
                case .ask:
                    till.gateway.expect(weather)
                    guard let intent = try till.openIntents.first else {
                        till.gateway.forgetForecast()
                        continue
                    }
                    try await till.ask(intent)
                case .settle: try till.settle()
                case .crash: try till.restart()
                case .expire: till.service.clock.advance(by: .seconds(10))
                }
                try till.service.runUntilIdle()
            }
            try await till.finish()
            try expectOneAnswer(till, order, try #require(reserved), request: request, "\(card) \(weather) \(moments)")
        }
        try expectSums(till)
    }

    @Test(
        "random orders, weather and crashes: one answer each, and the database equals its rebuild",
        arguments: Histories.seeds(100))
    func anyHistory(seed: UInt64) async throws {
        let random = SeededRandomness(seed: seed &+ 31)
        let till = try PaymentTill(seed: seed) { random.pick(PaymentFakeGateway.Weather.allCases) }
        var orders: [OrderID: (reserved: Envelope?, request: Envelope?)] = [:]
        var known: [OrderID] = []
        var said: [(Envelope, Topic)] = []
        for _ in 0..<90 {
            till.service.clock.advance(by: .milliseconds(random.below(1500)))
            switch random.below(12) {
            case 0, 1:
                let order = till.service.newOrderID()
                known.append(order)
                orders[order] = (nil, nil)
            case 2, 3:
                guard let order = known.first(where: { orders[$0]?.reserved == nil }) else { continue }
                let card = random.pick(["tok_visa", "tok_visa", "tok_declined", "tok_unknown"])
                let envelope = try till.reserve(
                    order, card: card, hold: .milliseconds(random.below(20_000)),
                    total: Money(amount: Int64(1 + random.below(9999)), currency: random.pick(["GBP", "EUR"])))
                orders[order]?.reserved = envelope
                said.append((envelope, .inventory))
            case 4 where !known.isEmpty:
                let order = random.pick(known)
                guard orders[order]?.request == nil else { continue }
                let envelope = try till.cancel(order)
                orders[order]?.request = envelope
                said.append((envelope, .orders))
            case 5 where !said.isEmpty:
                let (envelope, topic) = random.pick(said)
                try till.service.emit(envelope, on: topic)
            case 6 where random.chance(0.4):
                try till.restart()
            case 7, 8:
                let open = try till.openIntents
                if !open.isEmpty { try await till.ask(random.pick(open)) }
            case 9:
                try till.settle()
            default:
                _ = try till.service.turn()
            }
        }
        #expect(try till.service.rebuiltDomain(seed: seed) == till.service.domain())
        try await till.finish()
        #expect(try till.service.rebuiltDomain(seed: seed &+ 1) == till.service.domain())
        #expect(try till.service.troubles() == 0)
        for (order, heard) in orders {
            guard let reserved = heard.reserved else {
                #expect(try till.story(order).isEmpty)
                continue
            }
            try expectOneAnswer(till, order, reserved, request: heard.request, "seed \(seed)")
        }
        try expectSums(till)
    }

    private func expectOneAnswer(
        _ till: PaymentTill, _ order: OrderID, _ reserved: Envelope, request: Envelope?, _ what: Comment
    ) throws {
        let story = try till.story(order)
        let causes = try till.causes(order)
        let isPaid = story.first?.hasPrefix("succeeded") == true
        #expect(story.count == (isPaid && request != nil ? 2 : 1), "\(what): \(story)")
        #expect(causes.first == reserved.id, what)
        if story.count == 2 {
            try #require(causes.count == 2, what)
            #expect(story[1] == story[0].replacing("succeeded", with: "refunded"), what)
            #expect(causes[1] == request?.id, what)
        }
        if story.first == "failed cancelledByCustomer" { #expect(request != nil, what) }

        let calls = till.gateway.calls(["charge:\(order)", "refund:\(order)"])
        for operation in ["charge", "refund"] {
            let same = calls.filter { $0.operation == operation }
            #expect(Set(same.map(\.body)).count <= 1, "\(what): other bytes under one key")
            #expect(Set(same.map(\.key)).subtracting(["\(operation):\(order)"]).isEmpty, what)
        }
        let expiresAt = try V1.StockReserved.decoded(from: reserved.data).expiresAt
        #expect(calls.allSatisfy { $0.operation != "charge" || $0.at < expiresAt }, "\(what): charged after the hold")
        // What was answered is what is bound to the key for good.
        switch till.gateway.bound("charge:\(order)") {
        case .captured: #expect(isPaid, what)
        case .declined, .voided: #expect(!isPaid, what)
        case .refused, nil:
            #expect(!isPaid && calls.isEmpty, "\(what): nothing is bound, the card can still be charged")
        }
    }

    /// Captured less refunded, as the gateway and as the events have it.
    private func expectSums(_ till: PaymentTill) throws {
        let paid = try till.service.payloads(V1.PaymentSucceeded.self, on: .payments).reduce(0) {
            $0 + $1.payload.amount.amount
        }
        let back = try till.service.payloads(V1.PaymentRefunded.self, on: .payments).reduce(0) {
            $0 + $1.payload.amount.amount
        }
        #expect(till.gateway.balance == paid - back)
    }
}
