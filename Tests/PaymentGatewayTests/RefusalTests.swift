import Foundation
import Testing
import TestSupport

@testable import payment_gateway

@Suite("What the gateway refuses", .timeLimit(.minutes(5)))
struct RefusalTests {
    static let good = String(decoding: chargeBody(), as: UTF8.self)

    @Test(
        "a charge that makes no sense is a 400 that names the parameter",
        arguments: [
            ("1999", "0", "amount"), ("1999", "-1", "amount"), ("1999", "19.99", "amount"),
            ("1999", "\"1999\"", "amount"), ("1999", "9223372036854775808", "amount"), ("1999", "null", "amount"),
            ("1999", "1e99", "amount"), ("1999", "1000000000000", "amount"), (#""amount":1999,"#, "", "amount"),
            ("\"gbp\"", "\"pounds\"", "currency"),
            ("\"gbp\"", "\"g1p\"", "currency"), ("\"gbp\"", "826", "currency"),
            ("tok_visa", "tok_unknown", "payment_method"), ("true", "false", "confirm"), ("true", "1", "confirm"),
            (#"{"order_id":"order-1"}"#, "{}", "metadata[order_id]"),
            (#"{"order_id":"order-1"}"#, #"{"order_id":7}"#, "metadata[order_id]"),
            (#"{"order_id":"order-1"}"#, #"{"order_id":"a b"}"#, "metadata[order_id]"),
            (#"{"order_id":"order-1"}"#, "[]", "metadata"), ("{\"amount\"", "\"amount\"", "body"), ("}}", "}", "body"),
        ])
    func charge(part: String, replacement: String, parameter: String) {
        let body = Self.good.replacingOccurrences(of: part, with: replacement)
        #expect(body != Self.good)
        let refusal = #expect(throws: Refusal.self) {
            try Charge(key: IdempotencyKey("charge:1"), body: Data(body.utf8))
        }
        #expect(refusal?.status == 400)
        #expect(refusal?.parameter == parameter, "\(refusal?.message ?? "")")
    }

    @Test("keys have 1 to 255 visible ASCII characters")
    func keys() throws {
        for text in ["k", String(repeating: "k", count: 255), "charge:!~"] {
            #expect(try IdempotencyKey(text).text == text)
        }
        for text in [nil, "", String(repeating: "k", count: 256), "a b", "a\u{7F}", "é", "a\tb"] {
            let refusal = #expect(throws: Refusal.self) { try IdempotencyKey(text) }
            #expect(refusal?.parameter == "Idempotency-Key")
        }
    }

    @Test("HTTP errors are JSON, the connection lives on, and nothing of a refused call remains")
    func http() async throws {
        let directory = try TemporaryDirectory()
        try await withGateway(in: directory) { port in
            let client = try LoopbackClient(port: port)
            func check(
                _ method: String, _ path: String, key: String? = "k", body: Data? = nil, status: Int,
                parameter: String?,
                _ line: Int = #line
            ) throws {
                let answer = try client.call(method, path, key: key, body: body)
                #expect(answer.status == status, "line \(line)")
                #expect(answer["error", "param"] == parameter, "line \(line)")
                #expect(answer["error", "message"] != nil, "line \(line)")
                #expect(answer.headers["content-type"] == "application/json", "line \(line)")
            }
            let huge = Data(repeating: UInt8(ascii: " "), count: HTTPLimits.bodyBytes + 1)
            let largest = huge.dropFirst(1 + chargeBody().count) + chargeBody()
            try check("POST", "/v1/payment_intents", body: huge, status: 413, parameter: "body")
            try check("POST", "/v1/payment_intents", body: Data("{".utf8), status: 400, parameter: "body")
            try check("POST", "/v1/payment_intents", body: Data(), status: 400, parameter: "body")
            try check(
                "POST", "/v1/payment_intents", key: nil, body: chargeBody(), status: 400, parameter: "Idempotency-Key")
            try check("POST", "/v1/idempotency_keys/%FF/void", status: 400, parameter: "key")
            try check("POST", "/v1/idempotency_keys/a%20b/void", status: 400, parameter: "key")
            for path in ["/", "/v1", "/v1/payment_intents/", "/v1/idempotency_keys/", "/v1/idempotency_keys/k/x"] {
                try check("GET", path, status: 404, parameter: nil)
            }
            #expect(try client.call("GET", "/v1/payment_intents").headers["allow"] == "POST")
            #expect(try client.call("POST", "/test/faults").headers["allow"] == "GET, PUT")
            try check("DELETE", "/v1/idempotency_keys/k", status: 405, parameter: nil)
            #expect(try client.call("GET", "/v1/idempotency_keys/k")["status"] == "unknown")
            let answer = try client.call("POST", "/v1/payment_intents", key: "last", body: Data(largest))
            #expect(answer.status == 200, "a body of exactly the limit is taken")
        }
        #expect(try ledgerEntries(in: directory) == ["capture last 1999"])
    }

    @Test("a chunked body over the limit is refused too")
    func chunked() async throws {
        let directory = try TemporaryDirectory()
        try await withGateway(in: directory) { port in
            let client = try LoopbackClient(port: port)
            let chunk = Data("10000\r\n".utf8) + Data(repeating: 32, count: 65_536) + Data("\r\n".utf8)
            let head =
                "POST /v1/refunds HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\nTransfer-Encoding: chunked\r\n\r\n"
            try client.sendRaw(Data(head.utf8) + chunk + chunk + Data("0\r\n\r\n".utf8))
            #expect(try client.receive().status == 413)
            #expect(try client.call("GET", "/health/live").status == 200)
        }
    }
}
