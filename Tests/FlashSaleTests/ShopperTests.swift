import Testing

@testable import flash_sale

@Suite("A shopper's patience")
struct ShopperTests {
    private static let manners = Shopper.Manners(patienceNanoseconds: 10_000_000_000)
    private static let order = Visit.Purpose.order(key: "k", total: 1999, currency: "GBP")
    private static let id = "0193f1d2-5c3a-7b1e-8f00-0123456789ab"

    private static func receipt(_ amount: Int64 = 1999) -> Answer {
        Answer(
            status: 202, retryAfterSeconds: nil,
            body: Array(
                "{\"orderId\":\"\(id)\",\"status\":\"pending\",\"token\":\"t\",\"total\":{\"amount\":\(amount),\"currency\":\"GBP\"}}"
                    .utf8))
    }

    private static func answered(_ answer: Answer, at now: Int64 = 0, jitter: Double = 0) -> Shopper.Step {
        var shopper = Shopper(intended: 0)
        shopper.sent(at: 0)
        return shopper.answered(answer, purpose: order, now: now, manners: manners, jitter: jitter)
    }

    @Test("a 202 with the catalogue's total is an accepted order")
    func accepted() {
        #expect(Self.answered(Self.receipt()) == .leave(.accepted(order: Self.id, total: 1999, token: "t")))
    }

    @Test("a 202 with another total, or without an order, is no accepted order")
    func wrongReceipts() {
        #expect(
            Self.answered(Self.receipt(1998)) == .leave(.refused(reason: "202 with another total than the catalogue's"))
        )
        let empty = Answer(status: 202, retryAfterSeconds: nil, body: [])
        #expect(Self.answered(empty) == .leave(.refused(reason: "202 without order id, token and total")))
    }

    @Test(
        "after a 503 a shopper comes back, never before Retry-After, spread over as long again",
        arguments: [0.0, 0.5, 0.999])
    func unavailable(jitter: Double) {
        let answer = Answer(status: 503, retryAfterSeconds: 2, body: [])
        guard case .comeBack(let time) = Self.answered(answer, at: 1_000_000_000, jitter: jitter) else {
            Issue.record("did not come back")
            return
        }
        #expect((3_000_000_000..<5_000_000_000).contains(time))
    }

    @Test("whoever would come back too late gives up, and was never sent if nothing was")
    func patience() {
        let late = Answer(status: 503, retryAfterSeconds: 2, body: [])
        #expect(Self.answered(late, at: 8_100_000_000) == .leave(.gaveUp))
        var unsent = Shopper(intended: 0)
        let step = unsent.suffered(.connectFailed, now: 9_990_000_000, manners: Self.manners, jitter: 0)
        #expect(step == .leave(.notSent))
        unsent.sent(at: 0)
        #expect(unsent.suffered(.answerLost, now: 9_990_000_000, manners: Self.manners, jitter: 0) == .leave(.gaveUp))
    }

    @Test("waits grow, stay bounded, and end in a departure whatever happens", arguments: [0.0, 0.999])
    func backoff(jitter: Double) {
        var shopper = Shopper(intended: 0)
        var now: Int64 = 0
        var waits: [Int64] = []
        for _ in 0..<1_000 {
            guard
                case .comeBack(let time) = shopper.suffered(
                    .connectFailed, now: now, manners: Self.manners, jitter: jitter)
            else { break }
            waits.append(time - now)
            now = time
        }
        #expect(waits.count < 1_000)
        #expect(waits == waits.sorted())
        #expect((waits.max() ?? 0) <= 3_000_000_000)
        #expect(now <= 10_000_000_000)
    }

    @Test("a refusal is final and grouped by status and title")
    func refusals() {
        let problem = Answer(
            status: 422, retryAfterSeconds: nil, body: Array("{\"title\":\"Key reused\",\"status\":422}".utf8))
        #expect(Self.answered(problem) == .leave(.refused(reason: "422 Key reused")))
        let page = Answer(status: 500, retryAfterSeconds: nil, body: Array("<html>".utf8))
        #expect(Self.answered(page) == .leave(.refused(reason: "500")))
    }

    @Test("an answer counts as lost at its time limit or at the end of patience, whichever is first")
    func deadlines() {
        var manners = Self.manners
        manners.answerTimeoutNanoseconds = 4_000_000_000
        let shopper = Shopper(intended: 0)
        #expect(shopper.answerDeadline(now: 1_000_000_000, manners: manners) == 5_000_000_000)
        #expect(shopper.answerDeadline(now: 9_000_000_000, manners: manners) == 10_000_000_000)
    }
}
