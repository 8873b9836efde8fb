import Foundation
import GRDB
import TestSupport

@testable import payment_gateway

/// A ledger in a directory, without HTTP.
struct OpenLedger {
    let database: DatabaseQueue
    let counters = Counters()
    let writer: LedgerWriter

    init(in directory: TemporaryDirectory) throws {
        database = try LedgerDatabase.open(path: directory.path + "/payment-gateway.db")
        let ids = GatewayIds(seed: UInt64.random(in: .min ... .max))
        writer = LedgerWriter(
            ledger: Ledger(clock: { Int64(Date().timeIntervalSince1970 * 1_000_000) }, ids: ids),
            database: database, counters: counters, onDiskFailure: { _ in })
    }

    /// Kind and amount of each row, in order.
    func entries() throws -> [String] {
        try database.writeWithoutTransaction {
            try String.fetchAll($0, sql: "SELECT kind || ' ' || amount || ' ' || currency FROM ledger ORDER BY entry")
        }
    }

    func execute(_ sql: String) throws {
        try database.writeWithoutTransaction { try $0.execute(sql: sql) }
    }

    func count(_ kind: String) throws -> Int {
        try database.writeWithoutTransaction {
            try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM ledger WHERE kind = ?", arguments: [kind]) ?? -1
        }
    }
}

extension LedgerCommand {
    static func charge(
        _ key: String, amount: Int = 1999, card: Card = .visa, order: String = "order-1", declines: Bool = false
    ) throws -> LedgerCommand {
        .charge(
            try Charge(key: IdempotencyKey(key), body: chargeBody(amount: amount, card: card, order: order)),
            declines: declines)
    }

    static func refund(_ key: String, of paymentIntent: String, amount: Int) throws -> LedgerCommand {
        .refund(
            try Refund(
                key: IdempotencyKey(key),
                body: Data(#"{"payment_intent":"\#(paymentIntent)","amount":\#(amount)}"#.utf8)))
    }

    static func void(_ key: String) throws -> LedgerCommand { .void(try IdempotencyKey(key)) }
    static func look(_ key: String) throws -> LedgerCommand { .look(try IdempotencyKey(key)) }
}

func chargeBody(amount: Int = 1999, card: Card = .visa, order: String = "order-1") -> Data {
    Data(
        """
        {"amount":\(amount),"currency":"gbp","payment_method":"\(card.rawValue)","confirm":true,\
        "metadata":{"order_id":"\(order)"}}
        """.utf8)
}

extension Decision {
    /// A field of the body, found by its path.
    subscript(_ path: String...) -> String? { jsonValue(body, path) }
}

func jsonValue(_ body: Data, _ path: [String]) -> String? {
    var value = try? JSONSerialization.jsonObject(with: body)
    for name in path { value = (value as? [String: Any])?[name] }
    return value.map { "\($0)" }
}
