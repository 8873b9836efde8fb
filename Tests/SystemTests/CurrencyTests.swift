import Contracts
import Foundation
import GRDB
import Testing
import TestSupport

/// One order in every currency there is.
@Suite("Every currency of ISO 4217", .serialized, .timeLimit(.minutes(5)))
struct CurrencyTests {
    private static let amount = 199_900

    @Test("the command line, the mail and the charge agree on the amount in every currency")
    func everyCurrency() async throws {
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data")
            try await run.whileUp {
                try await Self.stock(run)
                var orders: [String: String] = [:]
                for code in Currency.codes {
                    let answer = await HTTP.send(
                        "POST", port: run.portBase, "/v1/orders", key: "k-\(code)", body: Self.order(code))
                    try #require(answer?.status == 202, "\(code): \(answer?.text ?? "no response")")
                    orders[code] = try #require(answer?.member("orderId"))
                }
                let unknown = await HTTP.send(
                    "POST", port: run.portBase, "/v1/orders", key: "k-XXX", body: Self.order("XXX"))
                #expect(unknown?.status == 422 && unknown?.member("field") == "currency")

                let audit = try await run.auditWhenQuiet()
                #expect(audit.status == 0, "\(audit.output)")
                let tail = try await CLI.run("tail", "-n", "10000", data: run.data)
                let charged = try Self.charged(run)
                for (code, order) in orders {
                    let wanted = Self.text(code)
                    #expect(
                        tail.output.textLines.contains {
                            $0.contains(order.suffix(8)) && $0.contains(" \(wanted)")
                        }, "tail of \(code): no \(wanted)")
                    let mail = try await CLI.run("mail", order, data: run.data)
                    #expect(mail.output.contains(wanted), "\(wanted) is not in the mail: \(mail.output)")
                    #expect(charged[order] == [code, "\(Self.amount)"], "\(wanted)")
                }
            }
        }
    }

    /// Built apart from the code under test: the digits alone come from its table, which `ContractsTests` compares.
    private static func text(_ code: String) -> String {
        let texts = [0: "199900", 2: "1999.00", 3: "199.900", 4: "19.9900"]
        return "\(Currency.minorUnitDigits(code).flatMap { texts[$0] } ?? "?") \(code)"
    }

    private static func order(_ code: String) -> String {
        """
        {"customerId":"c-1","email":"ann@example.test","currency":"\(code)","cardToken":"tok_visa",\
        "lines":[{"productId":"\(code == "XXX" ? "GBP" : code)","quantity":1}]}
        """
    }

    private static func stock(_ run: SupervisedRun) async throws {
        let products = Currency.codes.map {
            "{\"productId\":\"\($0)\",\"name\":\"A thing\",\"price\":{\"amount\":\(amount),\"currency\":\"\($0)\"}}"
        }
        let pieces = Currency.codes.map { "{\"productId\":\"\($0)\",\"available\":1}" }
        for (port, path, body) in [
            (1, "/admin/products", "{\"products\":[\(products.joined(separator: ","))]}"),
            (2, "/admin/stock", "{\"key\":\"all\",\"stock\":[\(pieces.joined(separator: ","))]}"),
        ] {
            let answer = await HTTP.send(
                "PUT", port: run.portBase + port, path, token: try run.operatorToken, body: body)
            try #require(answer?.status == 200, "\(path): \(answer?.text ?? "no response")")
        }
    }

    /// What the gateway captured: currency and minor units, by order.
    private static func charged(_ run: SupervisedRun) throws -> [String: [String]] {
        var configuration = Configuration()
        configuration.readonly = true
        let ledger = try DatabaseQueue(
            path: run.data + "/db/payment-gateway/payment-gateway.db", configuration: configuration)
        return try ledger.read { db in
            try Row.fetchAll(db, sql: "SELECT order_id, currency, amount FROM ledger WHERE kind = 'capture'")
                .reduce(into: [:]) { $0[$1[0] as String] = [$1[1] as String, "\($1[2] as Int64)"] }
        }
    }
}
