/// One thing that a shopper came for: the request, and what its 202 must say.
struct Visit {
    enum Purpose: Equatable {
        /// Places an order; the shop must name this total.
        case order(key: String, total: Int64, currency: String)
        case cancellation
    }

    /// Bytes of the whole request.
    var request: [UInt8]
    var purpose: Purpose
}

/// Who visits the shop, and when. Confined to the worker's thread.
protocol Visits: AnyObject {
    var count: Int { get }
    /// Nanoseconds after the start, rising with the visitor's number.
    func intended(_ visitor: Int) -> Int64
    /// The visitor that must have departed before this one may go.
    func predecessor(of visitor: Int) -> Int?
    /// Nil where there is nothing left to come for (the order to cancel was never accepted).
    func visit(_ visitor: Int) -> Visit?
    /// The visitor is done.
    /// - Returns: the one that waited for it.
    func departed(_ visitor: Int, as departure: Departure) -> Int?
}

/// How a visit ended.
enum Departure: Sendable, Equatable {
    /// 202; `order`, and `token`, which opens it, are empty for a cancellation.
    case accepted(order: String, total: Int64, token: String = "")
    /// A final refusal, or an answer that makes no sense.
    case refused(reason: String)
    /// Patience ran out after at least one request was sent.
    case gaveUp
    /// Patience ran out before a request could be sent.
    case notSent
    /// There was nothing left to come for.
    case skipped
}
