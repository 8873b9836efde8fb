import Foundation
import Testing
import TestSupport

/// One order at a time, through the front door.
@Suite("An order from checkout to its end", .serialized, .timeLimit(.minutes(5)))
struct OneOrderTests {
    private struct Answer {
        let status: Int
        let headers: [String: String]
        let body: [String: Any]
    }

    /// curl, which every machine that runs the scripts has.
    private func request(
        _ method: String, _ url: String, key: String? = nil, token: String? = nil, body: String? = nil
    ) async throws -> Answer {
        var arguments = ["-sS", "-i", "-X", method, url]
        if let token { arguments += ["-H", "Authorization: Bearer \(token)"] }
        if let key { arguments += ["-H", "Idempotency-Key: \(key)"] }
        if let body { arguments += ["-H", "Content-Type: application/json", "--data-binary", body] }
        let outcome = try await runProgram("/usr/bin/env", ["curl"] + arguments)
        let parts = outcome.output.components(separatedBy: "\r\n\r\n")
        let lines = parts[0].components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1).map(String.init)
            if pair.count == 2 { headers[pair[0].lowercased()] = pair[1].trimmingCharacters(in: .whitespaces) }
        }
        let body = parts.count > 1 ? try JSONSerialization.jsonObject(with: Data(parts[1].utf8)) as? [String: Any] : nil
        return Answer(
            status: lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0, headers: headers,
            body: body ?? [:])
    }

    private func order(_ run: SupervisedRun, key: String, card: String = "tok_visa", quantity: Int = 1) async throws
        -> Answer
    {
        try await request(
            "POST", "http://127.0.0.1:\(run.portBase)/v1/orders", key: key,
            body: """
                {"customerId":"c-1","email":"ann@example.test","currency":"GBP","cardToken":"\(card)",
                 "lines":[{"productId":"P-1","quantity":\(quantity)}]}
                """)
    }

    @Test("confirmed, declined, sold out, cancelled and refunded: each told once, the same key answered the same")
    func everyEnd() async throws {
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data")
            try await run.whileUp {
                let shop = "http://127.0.0.1:\(run.portBase)"
                let products = try await request(
                    "PUT", "http://127.0.0.1:\(run.portBase + 1)/admin/products", token: try run.operatorToken,
                    body: #"{"products":[{"productId":"P-1","name":"Mug","price":{"amount":1999,"currency":"GBP"}}]}"#)
                #expect(products.status == 200)
                let stock = try await request(
                    "PUT", "http://127.0.0.1:\(run.portBase + 2)/admin/stock", token: try run.operatorToken,
                    body: #"{"key":"first","stock":[{"productId":"P-1","available":3}]}"#)
                #expect(stock.status == 200)

                let first = try await order(run, key: "a", quantity: 2)
                #expect(first.status == 202)
                let place = try #require(first.headers["location"])
                let token = try #require(first.body["token"] as? String)
                let again = try await order(run, key: "a", quantity: 2)
                #expect(
                    again.status == 202 && again.headers["location"] == place && again.body["token"] as? String == token
                )
                #expect(try await order(run, key: "a", quantity: 1).status == 422)

                let declined = try await order(run, key: "b", card: "tok_chargeDeclined")
                let tooMany = try await order(run, key: "c", quantity: 50)
                func settled(_ answer: Answer) async throws -> [String: Any] {
                    let place = try #require(answer.headers["location"])
                    return try await request("GET", "\(shop)\(place)?wait=20s", token: answer.body["token"] as? String)
                        .body
                }
                #expect(try await settled(first)["status"] as? String == "confirmed")
                #expect(try await settled(declined)["reason"] as? String == "paymentDeclined")
                #expect(try await settled(tooMany)["reason"] as? String == "soldOut")

                #expect(try await request("DELETE", shop + place, token: token).status == 202)
                try await waitUntil("the order is refunded") {
                    try await request("GET", shop + place, token: token).body["reason"] as? String == "refunded"
                }
                // The stock of both failed orders is for sale again: three more can be bought.
                #expect(try await settled(order(run, key: "d", quantity: 3))["status"] as? String == "confirmed")

                let audit = try await run.auditWhenSettled()
                #expect(audit.status == 0, "\(audit.output)")
                let mail = try await runProgram(
                    run.binaries + "/stampede",
                    ["mail", String(place.split(separator: "/").last ?? ""), "--data", run.data])
                #expect(mail.output.contains("is confirmed") && mail.output.contains("refund"))
            }
        }
    }
}
