import Foundation
import Testing
import TestSupport

@testable import Web

/// Everything that a shopper can get wrong, over one connection: an answer each, and nothing remains.
@Suite("Checkout over HTTP: refusals", .timeLimit(.minutes(5)))
struct CheckoutRefusalTests {
    private static func body(_ changes: [String: String], lines: String? = nil) -> String {
        var fields = [
            "customerId": #""c-1""#, "email": #""ann@example.test""#, "currency": #""GBP""#,
            "cardToken": #""tok_visa""#,
            "lines": lines ?? #"[{"productId":"P-1","quantity":1}]"#,
        ]
        for (key, value) in changes { fields[key] = value }
        return "{" + fields.filter { $0.value != "-" }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    private static func quantity(_ value: String) -> String {
        body([:], lines: #"[{"productId":"P-1","quantity":1},{"productId":"P-2","quantity":\#(value)}]"#)
    }

    /// Body, status, type, field.
    private static let bodies: [(String, Int, String, String?)] = [
        ("", 400, "malformed-json", nil),
        ("{", 400, "malformed-json", nil),
        ("null", 400, "wrong-type", nil),
        ("[]", 400, "wrong-type", nil),
        (#""order""#, 400, "wrong-type", nil),
        (body([:]) + "x", 400, "malformed-json", nil),
        (body(["customerId": "-"]), 400, "missing-field", "customerId"),
        (body(["email": "-"]), 400, "missing-field", "email"),
        (body(["currency": "-"]), 400, "missing-field", "currency"),
        (body(["cardToken": "-"]), 400, "missing-field", "cardToken"),
        (body(["lines": "-"]), 400, "missing-field", "lines"),
        (body([:], lines: #"[{"quantity":1}]"#), 400, "missing-field", "lines[0].productId"),
        (
            body([:], lines: #"[{"productId":"P-1","quantity":1},{"productId":"P-2"}]"#), 400, "missing-field",
            "lines[1].quantity"
        ),
        (body(["customerId": "1"]), 400, "wrong-type", "customerId"),
        (body(["email": "null"]), 400, "wrong-type", "email"),
        (body(["currency": "[]"]), 400, "wrong-type", "currency"),
        (body(["lines": "{}"]), 400, "wrong-type", "lines"),
        (body([:], lines: "[1]"), 400, "wrong-type", "lines[0]"),
        (quantity("1.5"), 400, "wrong-type", "lines[1].quantity"),
        (quantity(#""2""#), 400, "wrong-type", "lines[1].quantity"),
        (quantity("null"), 400, "wrong-type", "lines[1].quantity"),
        (quantity("true"), 400, "wrong-type", "lines[1].quantity"),
        (quantity("9223372036854775808"), 400, "wrong-type", "lines[1].quantity"),
        (quantity("1e400"), 400, "wrong-type", "lines[1].quantity"),
        (quantity("9223372036854775807"), 422, "invalid-field", "lines[1].quantity"),
        (quantity("0"), 422, "invalid-field", "lines[1].quantity"),
        (quantity("-1"), 422, "invalid-field", "lines[1].quantity"),
        (quantity("100001"), 422, "invalid-field", "lines[1].quantity"),
        (quantity("1e6"), 422, "invalid-field", "lines[1].quantity"),
        (body([:], lines: "[]"), 422, "invalid-field", "lines"),
        (body([:], lines: #"[{"productId":"P-none","quantity":1}]"#), 422, "unknown-product", "lines[0].productId"),
        (
            body([:], lines: #"[{"productId":"P-1","quantity":1},{"productId":"P-1","quantity":1}]"#), 422,
            "invalid-field", "lines[1].productId"
        ),
        (body(["currency": #""EUR""#]), 422, "invalid-field", "currency"),
        (body(["currency": #""pounds""#]), 422, "invalid-field", "currency"),
        (body(["email": #""nobody""#]), 422, "invalid-field", "email"),
        (body(["customerId": #""a\u0000b""#]), 422, "invalid-field", "customerId"),
        (String(repeating: "[", count: 9_000), 400, "malformed-json", nil),
    ]

    @Test("each wrong body names its field; nothing of it remains, and the connection stays good")
    func bodies() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                for (body, status, type, field) in Self.bodies {
                    expectProblem(try Shopper.place(client, body), status, type, field: field, "\(body.prefix(200))")
                }
                let bytes: [[UInt8]] = [
                    [0xFF, 0xFE, 0xFD], Array(#"{"customerId":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8),
                ]
                for body in bytes {
                    let answer = try client.call("POST", "/v1/orders", Shopper.headers(), body: body)
                    expectProblem(answer, 400, "malformed-json", "\(body)")
                }
                #expect(try shop.traces() == [0, 0, 0])
                #expect(try Shopper.place(client).status == 202)
            }
        }
        #expect(try shop.traces() == [1, 1, 0])
    }

    @Test("fields that nobody knows are no error, and a price from the client counts for nothing")
    func unknownFields() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let body = Self.body(
                    ["total": "1", "note": "{}"], lines: #"[{"productId":"P-1","quantity":1,"unitPrice":1}]"#)
                let answer = try Shopper.place(RawClient(port), body)
                #expect(answer["total", "amount"] == "1001")
            }
        }
    }

    @Test("an Idempotency-Key is needed, of 1 to 255 visible characters, once")
    func keys() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                let body = Array(Shopper.body.utf8)
                func answer(_ headers: [String]) throws -> RawClient.Answer {
                    try client.call("POST", "/v1/orders", ["Content-Type: application/json"] + headers, body: body)
                }
                let header = "Idempotency-Key"
                expectProblem(try answer([]), 400, "missing-field", field: header)
                for key in ["", "two words", String(repeating: "k", count: 256), "schlüssel"] {
                    expectProblem(try answer(["\(header): \(key)"]), 400, "invalid-field", field: header, "'\(key)'")
                }
                expectProblem(try answer(["\(header): a", "\(header): b"]), 400, "invalid-field", field: header)
                #expect(try shop.traces() == [0, 0, 0])
                #expect(try answer(["\(header): \(String(repeating: "k", count: 255))"]).status == 202)
            }
        }
    }

    @Test("only JSON is taken")
    func mediaTypes() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                let body = Array(Shopper.body.utf8)
                for type in ["text/plain", "application/xml", "application/jsonx", "application/x-www-form-urlencoded"]
                {
                    let answer = try client.call("POST", "/v1/orders", Shopper.headers(type: type), body: body)
                    expectProblem(answer, 415, "unsupported-media-type", "\(type)")
                }
                #expect(try shop.traces() == [0, 0, 0])
                for (index, type) in ["application/json", "Application/JSON; charset=utf-8", nil].enumerated() {
                    let answer = try client.call(
                        "POST", "/v1/orders", Shopper.headers("k\(index)", type: type), body: body)
                    #expect(answer.status == 202, "\(type ?? "no type")")
                }
            }
        }
    }

    @Test("a body over the limit is 413, announced or streamed; at the limit it is read")
    func tooLarge() async throws {
        let shop = try RunningShop()
        let limit = RunningShop.maximumBodyBytes
        try await shop.serving { port in
            try await blocking {
                // Announced: refused before a byte of it is sent.
                let announced = try RawClient(port)
                try announced.write(
                    "POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\nContent-Length: \(limit + 1)\r\n\r\n"
                )
                expectProblem(try announced.receive(), 413, "body-too-large")

                // Streamed: refused while it still goes on.
                let streamed = try RawClient(port)
                try streamed.write(
                    "POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                let chunk = String(repeating: " ", count: 4096)
                for _ in 0...limit / 4096 { try streamed.write("1000\r\n\(chunk)\r\n") }
                expectProblem(try streamed.receive(), 413, "body-too-large")
                try streamed.write("0\r\n\r\n")
                #expect(try Shopper.place(streamed, key: "after").status == 202)

                let padded = Shopper.body + String(repeating: " ", count: limit - Shopper.body.utf8.count)
                #expect(
                    try Shopper.place(RawClient(port), key: "at the limit".replacing(" ", with: "-"), padded).status
                        == 202)
                expectProblem(try Shopper.place(RawClient(port), key: "over", padded + " "), 413, "body-too-large")

                let chunked = try RawClient(port)
                try chunked.write(
                    "POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                for byte in Shopper.body { try chunked.write("1\r\n\(byte)\r\n") }
                try chunked.write("0\r\n\r\n")
                #expect(try chunked.receive().status == 202)
            }
        }
        #expect(try shop.traces() == [3, 3, 0])
    }

    @Test("a refusal is heard also where the connection is to end and the body still comes")
    func tooLargeAndLast() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                let piece = [UInt8](repeating: UInt8(ascii: " "), count: 65_536)
                try client.write(
                    "POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: \(64 * piece.count)\r\n\r\n"
                )
                // The refusal is on its way before the last byte is.
                for _ in 0..<64 { try client.write(piece) }
                expectProblem(try client.receive(), 413, "body-too-large")
                #expect(throws: (any Error).self) { try client.receive() }
            }
        }
    }

    @Test("an order whose event would be too large is 413 and leaves nothing")
    func eventTooLarge() async throws {
        let shop = try RunningShop()
        let lines = (1...900).map { #"{"productId":"\#(RunningShop.longName($0))","quantity":1}"# }.joined(
            separator: ",")
        let body = Self.body([:], lines: "[\(lines)]")
        #expect(body.utf8.count <= RunningShop.maximumBodyBytes)
        try await shop.serving { port in
            try await blocking {
                expectProblem(try Shopper.place(RawClient(port), body), 413, "order-too-large", field: "lines")
            }
        }
        #expect(try shop.traces() == [0, 0, 0])
    }

    @Test("what is not HTTP is 400 and the end of the connection; a body cut off is no order")
    func notHTTP() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let noise = try RawClient(port)
                try noise.write("HELLO\r\n\r\n")
                #expect(try noise.receive().status == 400)
                #expect(throws: RawClient.Cut.self) { try noise.receive() }

                let broken = try RawClient(port)
                try broken.write(
                    "POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
                )
                #expect(try broken.receive().status == 400)

                do {
                    let gone = try RawClient(port)
                    try gone.write(
                        "POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\nContent-Length: 200\r\n\r\n\(Shopper.body)"
                    )
                }
                #expect(try Shopper.place(RawClient(port), key: "next").status == 202)
            }
        }
        #expect(try shop.traces() == [1, 1, 0])
    }
}
