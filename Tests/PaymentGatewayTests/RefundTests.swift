import Foundation
import Testing
import TestSupport

@testable import payment_gateway

@Suite("Refunds stay within the capture", .timeLimit(.minutes(5)))
struct RefundTests {
    let directory: TemporaryDirectory
    let ledger: OpenLedger

    init() throws {
        directory = try TemporaryDirectory()
        ledger = try OpenLedger(in: directory)
    }

    @Test("one refund a key, told again to whoever asks again")
    func once() async throws {
        let intent = try #require(try await ledger.writer.submit(.charge("charge:1"))["id"])
        let refund = try await ledger.writer.submit(.refund("refund:1", of: intent, amount: 1999))
        let again = try await ledger.writer.submit(.refund("refund:1", of: intent, amount: 1999))
        #expect(refund.status == 200)
        #expect(refund["status"] == "succeeded")
        #expect(refund["payment_intent"] == intent)
        #expect(again.body == refund.body)
        #expect(try ledger.entries() == ["capture 1999 GBP", "refund 1999 GBP"])
    }

    @Test("many keys together never get back more than was captured")
    func neverAboveTheCapture() async throws {
        let intent = try #require(try await ledger.writer.submit(.charge("charge:1"))["id"])
        let writer = ledger.writer
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<100 {
                let command = try LedgerCommand.refund("refund:\(number)", of: intent, amount: 100)
                group.addTask { try await writer.submit(command).status }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.filter { $0 == 200 }.count == 19)
        #expect(statuses.filter { $0 == 400 }.count == 81)
        let rest = try await writer.submit(.refund("refund:rest", of: intent, amount: 99))
        let more = try await writer.submit(.refund("refund:more", of: intent, amount: 1))
        #expect(rest.status == 200)
        #expect(more["error", "code"] == "charge_already_refunded")
    }

    @Test("a refused refund binds nothing to its key")
    func refusalBindsNothing() async throws {
        let intent = try #require(try await ledger.writer.submit(.charge("charge:1"))["id"])
        let tooMuch = try await ledger.writer.submit(.refund("refund:1", of: intent, amount: 2000))
        #expect(tooMuch.status == 400)
        #expect(tooMuch["error", "param"] == "amount")
        let unknown = try await ledger.writer.submit(.refund("refund:1", of: "pi_none", amount: 1))
        #expect(unknown["error", "code"] == "resource_missing")
        #expect(try await ledger.writer.submit(.refund("refund:1", of: intent, amount: 1999)).status == 200)
    }

    @Test("a declined charge has nothing to give back")
    func declined() async throws {
        let declined = try await ledger.writer.submit(.charge("charge:1", card: .declined))
        let intent = try #require(declined["error", "payment_intent", "id"])
        #expect(try await ledger.writer.submit(.refund("refund:1", of: intent, amount: 1)).status == 400)
    }

    @Test("a voided refund key never refunds")
    func voided() async throws {
        let intent = try #require(try await ledger.writer.submit(.charge("charge:1"))["id"])
        _ = try await ledger.writer.submit(.void("refund:1"))
        #expect(try await ledger.writer.submit(.refund("refund:1", of: intent, amount: 1)).status == 409)
    }
}
