import Foundation
import Testing
import TestSupport

@testable import payment_gateway

@Suite("An idempotency key is bound to what came first", .timeLimit(.minutes(5)))
struct KeyBindingTests {
    let directory: TemporaryDirectory
    let ledger: OpenLedger

    init() throws {
        directory = try TemporaryDirectory()
        ledger = try OpenLedger(in: directory)
    }

    @Test("a captured key says so to a void, and keeps its money")
    func captureThenVoid() async throws {
        let captured = try await ledger.writer.submit(.charge("charge:1"))
        let voided = try await ledger.writer.submit(.void("charge:1"))
        #expect(captured.status == 200)
        #expect(captured.outcome == .captured)
        #expect(voided.status == 200)
        #expect(voided["status"] == "succeeded")
        #expect(voided["payment_intent", "id"] == captured["id"])
        #expect(try ledger.entries() == ["capture 1999 GBP"])
    }

    @Test("a voided key, seen for the first time, never captures")
    func voidThenCapture() async throws {
        let voided = try await ledger.writer.submit(.void("charge:1"))
        #expect(voided["status"] == "voided")
        for amount in [1999, 2000] {
            let refused = try await ledger.writer.submit(.charge("charge:1", amount: amount))
            #expect(refused.status == 409)
            #expect(refused["error", "code"] == "key_voided")
        }
        #expect(try await ledger.writer.submit(.void("charge:1"))["status"] == "voided")
        #expect(try ledger.entries().isEmpty)
    }

    @Test(
        "a refused card never captures, and a void tells why",
        arguments: [
            (Card.declined, "generic_decline"), (.insufficientFunds, "insufficient_funds"), (.expired, "expired_card"),
        ])
    func decline(card: Card, code: String) async throws {
        let declined = try await ledger.writer.submit(.charge("charge:1", card: card))
        #expect(declined.status == 402)
        #expect(declined["error", "code"] == "card_declined")
        #expect(declined["error", "decline_code"] == code)
        #expect(declined["error", "payment_intent", "status"] == "requires_payment_method")
        #expect(try await ledger.writer.submit(.charge("charge:1", card: card)).body == declined.body)
        #expect(try await ledger.writer.submit(.charge("charge:1")).status == 400)
        let voided = try await ledger.writer.submit(.void("charge:1"))
        #expect(voided["status"] == "declined")
        #expect(voided["decline_code"] == code)
        #expect(try ledger.entries().isEmpty)
    }

    @Test("a decline by chance stays a decline when chance would have it otherwise")
    func declineByChance() async throws {
        let declined = try await ledger.writer.submit(.charge("charge:1", declines: true))
        let again = try await ledger.writer.submit(.charge("charge:1", declines: false))
        #expect(declined.status == 402)
        #expect(again.status == 402)
        #expect(again.body == declined.body)
        #expect(try ledger.entries().isEmpty)
    }

    @Test("another body under a bound key is an idempotency error and binds nothing")
    func otherBody() async throws {
        let captured = try await ledger.writer.submit(.charge("charge:1"))
        let other = try await ledger.writer.submit(.charge("charge:1", amount: 2000))
        #expect(other.status == 400)
        #expect(other["error", "type"] == "idempotency_error")
        #expect(try await ledger.writer.submit(.charge("charge:1")).body == captured.body)
        #expect(try ledger.entries() == ["capture 1999 GBP"])
    }

    @Test("a charge's key is no refund's key")
    func otherCall() async throws {
        let captured = try await ledger.writer.submit(.charge("charge:1"))
        let refund = try await ledger.writer.submit(.refund("charge:1", of: captured["id"] ?? "", amount: 1))
        #expect(refund.status == 400)
        #expect(refund["error", "type"] == "idempotency_error")
    }

    @Test("a key's state can be read, and reading binds nothing")
    func look() async throws {
        #expect(try await ledger.writer.submit(.look("charge:1"))["status"] == "unknown")
        let captured = try await ledger.writer.submit(.charge("charge:1"))
        let known = try await ledger.writer.submit(.look("charge:1"))
        #expect(known["key"] == "charge:1")
        #expect(known["status"] == "succeeded")
        #expect(known["payment_intent", "id"] == captured["id"])
    }

    @Test("any history of calls over few keys answers as a first-come model says, across restarts", arguments: 1...8)
    func model(seed: Int) async throws {
        var random = SplitMix64(seed: UInt64(seed))
        var ledger = ledger
        var first: [String: Decision] = [:]  // what each key answers to the call that bound it
        var bound: [String: String] = [:]  // that call
        for step in 0..<400 {
            let key = "charge:\(Int.random(in: 0..<40, using: &random))"
            let call = ["visa", "mastercard", "declined", "void"].randomElement(using: &random) ?? "void"
            let command: LedgerCommand =
                switch call {
                case "visa": try .charge(key)
                case "mastercard": try .charge(key, card: .mastercard)
                case "declined": try .charge(key, card: .declined)
                default: try .void(key)
                }
            let decision = try await ledger.writer.submit(command)
            switch (bound[key], call) {
            case (nil, _):
                bound[key] = call
                first[key] = decision
            case (let binding?, _) where binding == call:
                #expect(
                    decision.body == first[key]?.body && decision.status == first[key]?.status, "step \(step) \(key)")
            case ("void", _):
                #expect(decision.status == 409, "step \(step) \(key)")
            case (let binding?, "void"):
                #expect(decision["status"] == (binding == "declined" ? "declined" : "succeeded"), "step \(step) \(key)")
            default:
                #expect(decision.status == 400, "step \(step) \(key)")
            }
            if step % 100 == 99 {
                try ledger.writer.close()
                ledger = try OpenLedger(in: directory)
            }
        }
        let captures = bound.values.filter { $0 == "visa" || $0 == "mastercard" }.count
        #expect(try ledger.count("capture") == captures)
    }
}
