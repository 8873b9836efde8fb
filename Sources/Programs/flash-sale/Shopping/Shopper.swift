/// One shopper's patience, as a pure state machine: what happened goes in, what to do next comes out.
///
/// - Guarantee: a shopper ends in exactly one `Departure`, and always comes back with the same idempotency key.
/// - Why: an overloaded shop says 503 or resets connections; a load generator that drops those shoppers reports
///   the latency of the lucky.
struct Shopper: Sendable, Equatable {
    /// Limits of every shopper.
    struct Manners: Codable, Sendable, Equatable {
        /// From the intended time to giving up.
        var patienceNanoseconds: Int64 = 60_000_000_000
        /// From sending a request to taking its answer for lost.
        var answerTimeoutNanoseconds: Int64 = 30_000_000_000
        /// Wait after the first failed connect or lost answer; doubles up to the longest.
        var shortestBackoffNanoseconds: Int64 = 50_000_000
        var longestBackoffNanoseconds: Int64 = 2_000_000_000
        /// Assumed where a 503 names no time.
        var defaultRetryAfterSeconds = 1
    }

    enum Step: Sendable, Equatable {
        /// Connect again at this monotonic time.
        case comeBack(at: Int64)
        case leave(Departure)
    }

    /// What became of an exchange that brought no usable answer.
    enum Mishap: Sendable, Equatable {
        /// No connection: refused, reset, timed out. Nothing was sent.
        case connectFailed
        /// The connection ended after the request was sent: the shop may or may not have the order.
        case answerLost
    }

    /// Monotonic nanoseconds.
    let intended: Int64
    /// Of the first request; nil before.
    private(set) var firstSent: Int64?
    private var backoffs = 0

    init(intended: Int64) {
        self.intended = intended
    }

    var hasSent: Bool { firstSent != nil }

    mutating func sent(at time: Int64) {
        firstSent = firstSent ?? time
    }

    /// When the answer to a request sent now counts as lost.
    func answerDeadline(now: Int64, manners: Manners) -> Int64 {
        min(now + manners.answerTimeoutNanoseconds, intended + manners.patienceNanoseconds)
    }

    /// - Parameter jitter: from 0 up to 1.
    mutating func suffered(_ mishap: Mishap, now: Int64, manners: Manners, jitter: Double) -> Step {
        let longest = min(
            manners.longestBackoffNanoseconds, manners.shortestBackoffNanoseconds << Int64(min(backoffs, 20)))
        backoffs += 1
        return comeBack(at: now + Int64(Double(longest) * (0.5 + jitter)), manners: manners)
    }

    mutating func answered(
        _ answer: Answer, purpose: Visit.Purpose, now: Int64, manners: Manners, jitter: Double
    ) -> Step {
        switch answer.status {
        case 202:
            return .leave(Self.reading(answer, purpose: purpose))
        case 503:
            let seconds = Double(max(0, answer.retryAfterSeconds ?? manners.defaultRetryAfterSeconds))
            // Never before the shop asked, and spread over as long again, so that the crowd does not come back as one.
            let wait = max(seconds, 0.05) * (1 + jitter) * 1_000_000_000
            return comeBack(at: now + Int64(min(wait, 3_600_000_000_000)), manners: manners)
        default:
            return .leave(.refused(reason: Self.reason(of: answer)))
        }
    }

    private func comeBack(at time: Int64, manners: Manners) -> Step {
        guard time <= intended + manners.patienceNanoseconds else { return .leave(hasSent ? .gaveUp : .notSent) }
        return .comeBack(at: time)
    }

    private static func reading(_ answer: Answer, purpose: Visit.Purpose) -> Departure {
        guard case .order(_, let total, let currency) = purpose else { return .accepted(order: "", total: 0) }
        guard let receipt = Receipt(answer.body) else {
            return .refused(reason: "202 without order id, token and total")
        }
        guard receipt.total == total, receipt.currency == currency else {
            return .refused(reason: "202 with another total than the catalogue's")
        }
        return .accepted(order: receipt.order, total: total, token: receipt.token)
    }

    /// `422` and the title of the problem document, where there is one.
    static func reason(of answer: Answer) -> String {
        guard let title = ProblemTitle.of(answer.body) else { return String(answer.status) }
        return "\(answer.status) \(title)"
    }
}
