import Foundation
import Synchronization

/// Orders on a run, each asked for until it is acknowledged, and the journal of the acknowledged ones.
///
/// Some cards are declined, some orders ask for more than there is, one is cancelled: every kind of event comes up.
final class Load: Sendable {
    static let products = 12
    /// Orders that wait for their answer at a time.
    static let lanes = 4

    private let run: SupervisedRun
    private let checkoutPort: Int
    private let journal: Mutex<[(order: String, line: String)]>
    /// What opens each order.
    private let tokens = Mutex<[String: String]>([:])
    private let journalFile: String
    private let isOver = Mutex(false)

    /// - Parameters:
    ///   - journalDirectory: `DATA/sale`, where the audit looks, or what stands there as a link.
    ///   - checkoutPort: the run's own, if none is given.
    init(
        _ run: SupervisedRun, journalDirectory: String? = nil, checkoutPort: Int? = nil
    ) throws {
        self.run = run
        self.checkoutPort = checkoutPort ?? run.portBase
        let directory = journalDirectory ?? run.data + "/sale"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        journalFile = directory + "/acknowledged-load-0.jsonl"
        journal = Mutex([])
    }

    /// The orders that were answered with 202, in the order of the answers.
    var acknowledged: [String] { journal.withLock { $0.map(\.order) } }

    /// No order is asked for any more.
    func end() { isOver.withLock { $0 = true } }

    /// Puts the products on the shelves.
    func seed(available: Int = 8) async throws {
        let products = (0..<Self.products).map {
            #"{"productId":"P-\#($0)","name":"Mug","price":{"amount":1999,"currency":"GBP"}}"#
        }
        let stock = (0..<Self.products).map { #"{"productId":"P-\#($0)","available":\#(available)}"# }
        try await waitUntil("a service has made the operator's token") {
            (try? run.operatorToken) != nil
        }
        try await insist(
            "the products are taken", "PUT", run.portBase + 1, "/admin/products", token: try run.operatorToken,
            body: #"{"products":[\#(products.joined(separator: ","))]}"#, status: 200)
        try await insist(
            "the stock is taken", "PUT", run.portBase + 2, "/admin/stock", token: try run.operatorToken,
            body: #"{"key":"first","stock":[\#(stock.joined(separator: ","))]}"#, status: 200)
    }

    /// Places the orders with these numbers, some at a time, and returns when each is acknowledged, or after `end`.
    func place(_ numbers: Range<Int>) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<Self.lanes {
                group.addTask { [self] in
                    for number in numbers where number % Self.lanes == lane {
                        if isOver.withLock({ $0 }) { return }
                        try await order(number)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Waits until the shop has told the outcome of every acknowledged order, but for one that is held up.
    func waitUntilSettled(but heldUp: String? = nil) async throws {
        for order in acknowledged where order != heldUp {
            try await waitUntil("order \(order) has an outcome") {
                let answer = await HTTP.send(
                    "GET", port: checkoutPort, "/v1/orders/\(order)?wait=5s", token: token(of: order))
                return answer?.status == 200 && answer?.member("status") != "pending"
            }
        }
    }

    private func token(of order: String) -> String? { tokens.withLock { $0[order] } }

    // MARK: -

    /// What is sent for an order: every seventh card is declined, every tenth order asks for more than there is.
    static func body(of number: Int) -> String {
        """
        {"customerId":"c-\(number)","email":"ann@example.test","currency":"GBP",
         "cardToken":"\(number % 7 == 3 ? "tok_chargeDeclined" : "tok_visa")",
         "lines":[{"productId":"P-\(number % products)","quantity":\(quantity(of: number))}]}
        """
    }

    private static func quantity(of number: Int) -> Int { number % 10 == 9 ? 50 : 1 }

    private func order(_ number: Int) async throws {
        let key = "order-\(number)"
        let answer = try await insist(
            "order \(number) is acknowledged", "POST", checkoutPort, "/v1/orders", key: key,
            body: Self.body(of: number),
            status: 202)
        guard let answer, let order = answer.member("orderId") else { return }
        tokens.withLock { $0[order] = answer.member("token") }
        try note(order, key: key, amount: 1999 * Self.quantity(of: number))
        if number % 20 == 5 {
            try await insist(
                "order \(number) is cancelled", "DELETE", checkoutPort, "/v1/orders/\(order)", token: token(of: order),
                status: 202)
        }
    }

    /// Asks until the answer has the status; an error of the shop or no answer at all is asked again, a refusal is not.
    @discardableResult
    private func insist(
        _ what: String, _ method: String, _ port: Int, _ path: String, key: String? = nil, token: String? = nil,
        body: String = "", status: Int
    ) async throws -> HTTP.Answer? {
        var answer: HTTP.Answer?
        try await waitUntil(what) {
            if isOver.withLock({ $0 }) { return true }
            answer = await HTTP.send(method, port: port, path, key: key, token: token, body: body)
            guard let answer else { return false }
            guard answer.status == status || answer.status >= 500 else {
                throw TookTooLong(
                    description: "not \(what): \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
            }
            return answer.status == status
        }
        return answer?.status == status ? answer : nil
    }

    /// A line of the journal, as `flash-sale` writes it, synced before the order counts as acknowledged.
    private func note(_ order: String, key: String, amount: Int) throws {
        let line = #"{"order":"\#(order)","key":"\#(key)","amount":\#(amount),"currency":"GBP"}"# + "\n"
        try journal.withLock { journal in
            journal.append((order, line))
            let file = open(journalFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
            defer { close(file) }
            guard file >= 0, write(file, line, line.utf8.count) == line.utf8.count, fdatasync(file) == 0 else {
                throw POSIXError(.init(rawValue: errno) ?? .EIO)
            }
        }
    }
}
