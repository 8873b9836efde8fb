import Foundation
import Testing
import TestSupport

@testable import Web

/// What is no request, or could be taken for another one than it is: an exact answer each, and the shop goes on.
@Suite("Checkout over HTTP: hostile requests", .timeLimit(.minutes(5)))
struct HostileRequestTests {
    private static let post = "POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\n"
    private static let get = "GET /v1/products HTTP/1.1\r\nHost: localhost\r\n"

    private static func sized(_ value: String) -> String { "\(post)Content-Length: \(value)\r\n\r\n\(Shopper.body)" }
    private static func coded(_ fields: String, _ body: String = "0\r\n\r\n") -> String {
        "\(post)\(fields)\r\n\r\n\(body)"
    }
    private static func chunked(_ chunks: String) -> String { coded("Transfer-Encoding: chunked", chunks) }

    /// After these nobody can say where the next request begins: 400, and the connection ends.
    private static let malformed: [(String, String)] = [
        ("two lengths", "\(post)Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
        ("one length twice", "\(post)Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
        ("two lengths in one field", sized("5, 5")),
        ("a negative length", sized("-1")), ("a length with a sign", sized("+5")),
        ("a hexadecimal length", sized("0x5")),
        ("a length past 64 bits", sized("18446744073709551616")), ("a length that is a word", sized("many")),
        ("a length and chunks", coded("Transfer-Encoding: chunked\r\nContent-Length: 5")),
        ("chunks and a length", coded("Content-Length: 5\r\nTransfer-Encoding: chunked")),
        ("compressed chunks", coded("Transfer-Encoding: gzip, chunked")),
        ("chunks twice", coded("Transfer-Encoding: chunked, chunked")),
        ("chunks in two fields", coded("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")),
        ("no chunks at the end", coded("Transfer-Encoding: chunked, identity")),
        ("an unknown coding", coded("Transfer-Encoding: cow")),
        ("a hidden coding", coded("Transfer-Encoding: \u{b}chunked")),
        (
            "chunks in HTTP/1.0",
            "POST /v1/orders HTTP/1.0\r\nHost: localhost\r\nIdempotency-Key: k\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        ("a chunk without a size", chunked("\r\n{}\r\n0\r\n\r\n")),
        ("a chunk sized by a word", chunked("zz\r\n{}\r\n")),
        ("a negative chunk", chunked("-2\r\n{}\r\n")), ("a chunk with a prefix", chunked("0x2\r\n{}\r\n")),
        ("a chunk past 64 bits", chunked("10000000000000002\r\n{}\r\n")),
        ("a chunk longer than it says", chunked("2\r\n{}}\r\n0\r\n\r\n")),
        ("no Host", "GET /v1/products HTTP/1.1\r\n\r\n"), ("two Hosts", "\(get)Host: localhost\r\n\r\n"),
        ("an empty Host", "GET /v1/products HTTP/1.1\r\nHost:\r\n\r\n"),
        ("a Host with a path", "GET /v1/products HTTP/1.1\r\nHost: localhost/x\r\n\r\n"),
        ("a Host with a name before it", "GET /v1/products HTTP/1.1\r\nHost: x@localhost\r\n\r\n"),
        ("a Host with a port that is none", "GET /v1/products HTTP/1.1\r\nHost: localhost:x\r\n\r\n"),
        ("a field name with a space", "\(get)X : 1\r\n\r\n"), ("a field without a name", "\(get): 1\r\n\r\n"),
        ("a field without a colon", "\(get)X\r\n\r\n"), ("a NUL in a field", "\(get)X: a\0b\r\n\r\n"),
        ("a NUL in a name", "\(get)X\0: a\r\n\r\n"), ("a folded field", "\(get)X: a\r\n b\r\n\r\n"),
        ("a NUL in the target", "GET /v1/\0products HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("a space in the target", "GET /v1/pro ducts HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("a target beyond ASCII", "GET /v1/prodücts HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("a fragment", "GET /v1/products#x HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("a target that is no path", "GET v1/products HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("a target of another kind", "GET ftp://localhost/v1/products HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("a star that is no OPTIONS", "GET * HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("a tunnel", "CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("an unknown method", "BUY /v1/products HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("a method in lower case", "get /v1/products HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("HTTP/0.9", "GET /v1/products\r\n\r\n"), ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("HTTP/9.9", "GET /v1/products HTTP/9.9\r\nHost: localhost\r\n\r\n"),
        ("no HTTP at all", "HELLO\r\n\r\n"), ("NULs", String(repeating: "\0", count: 100)),
        ("TLS", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}"),
    ]

    @Test("what is no request, or could be two, is 400 and the end of the connection; nothing of it remains")
    func malformed() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                for (what, text) in Self.malformed {
                    let client = try RawClient(port)
                    try client.write(text)
                    do {
                        expectProblem(try client.receive(), 400, "malformed-request", "\(what)")
                        #expect(throws: RawClient.Cut.self, "\(what)") { try client.receive() }
                    } catch {
                        Issue.record("\(what): \(error)")
                    }
                }
                #expect(try shop.traces() == [0, 0, 0])
                #expect(try Shopper.place(RawClient(port)).status == 202)
            }
        }
    }

    @Test("who was refused for good may go on sending for a moment, and hears why")
    func goingOn() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                try client.write(Self.sized("-1"))
                while try !client.hasAnswer(within: 100) {}
                // A closed socket would answer the first with a reset, and not take the next.
                for _ in 0..<20 { try client.write(String(repeating: "x", count: 10_000)) }
                expectProblem(try client.receive(), 400, "malformed-request")
            }
        }
    }

    @Test("a head that is too large, in one field, in many, or in its target, is 431 and the end of the connection")
    func largeHeads() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let long = String(repeating: "x", count: 20_000)
                let heads = [
                    "\(Self.get)X: \(long)\r\n\r\n", "\(Self.get)\(long): x\r\n\r\n", "GET /\(long) HTTP/1.1\r\n\r\n",
                    Self.get + (0..<100).map { "X-\($0): \($0)\r\n" }.joined() + "\r\n",
                    Self.get + (0..<50).map { "X-\($0): \(String(repeating: "y", count: 400))\r\n" }.joined() + "\r\n",
                    // Trailers are fields, too.
                    Self.chunked("0\r\n" + (0..<200).map { "X-\($0): \($0)\r\n" }.joined() + "\r\n"),
                ]
                for head in heads {
                    let client = try RawClient(port)
                    try client.write(head)
                    expectProblem(try client.receive(), 431, "head-too-large", "\(head.prefix(120))")
                    #expect(throws: RawClient.Cut.self) { try client.receive() }
                }
                // The last that fits: with Host there are 100.
                let fields = (0..<99).map { "X-\($0): \($0)" }
                #expect(try RawClient(port).call("GET", "/v1/products", fields).status == 200)
                let full = "X: " + String(repeating: "x", count: 16_000)
                #expect(try RawClient(port).call("GET", "/v1/products", [full]).status == 200)
            }
        }
    }

    @Test(
        "a request for another host is 421, whatever its name leads to; an address or localhost is this one",
        arguments: [
            ("evil.example", 421), ("evil.example:8080", 421), ("127.0.0.1.evil.example", 421),
            ("localhost.evil.example", 421),
            ("evil", 421), ("0x7f000001", 421), ("127.1", 421), ("2130706433", 421),
            ("127.0.0.1", 200), ("127.0.0.1:8080", 200), ("localhost", 200), ("LOCALHOST.", 200),
            ("shop.localhost:1", 200),
            ("[::1]", 200), ("[::1]:8080", 200), ("192.168.1.5", 200),
        ])
    func hosts(host: String, status: Int) async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                for request in [
                    "GET /v1/products HTTP/1.1\r\nHost: \(host)\r\n\r\n",
                    "GET http://\(host)/v1/products HTTP/1.1\r\nHost: localhost\r\n\r\n",
                ] {
                    try client.write(request)
                    let answer = try client.receive()
                    #expect(answer.status == status, "\(request)")
                    if status == 421 { expectProblem(answer, 421, "misdirected-request") }
                }
                // The request was read to its end: the connection goes on.
                #expect(try client.call("GET", "/v1/products").status == 200)
            }
        }
    }

    @Test("of methods that HTTP knows, those that are not meant are 405, and what is nowhere is 404")
    func methodsAndTargets() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                for method in ["PATCH", "TRACE", "OPTIONS", "PUT", "PROPFIND", "SOURCE"] {
                    expectProblem(
                        try client.call(method, "/v1/orders", body: []), 405, "method-not-allowed", "\(method)")
                }
                let nowhere = [
                    "//", "/v1", "/v1/", "/v1/orders/", "/v1//orders", "/V1/orders", "/v1/%6frders", "/v1/orders%00",
                    "/%",
                    "/../etc/passwd", "/v1/orders/../products", "/v1/products;x=1", "/v1/products/",
                    "//evil.example/v1/products",
                ]
                for path in nowhere { expectProblem(try client.call("GET", path), 404, "not-found", "\(path)") }
                expectProblem(try client.call("OPTIONS", "*"), 404, "not-found")
                #expect(try client.call("GET", "/v1/products?a=b&&=&%zz").status == 200)
                try client.send("HEAD", "/v1/products?")
                #expect(try client.receive(of: "HEAD").status == 200)
            }
        }
    }

    @Test("how long to wait is said in one way, once; anything else is 400 and names the parameter")
    func waits() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                let id = "018f0000-0000-7000-8000-000000000000"
                let (order, opening) = ("/v1/orders/\(id)", Shopper.opening(id))
                for wait in [
                    "", "5", "s", "05s", "+5s", "-0s", "31s", "5s&wait=5s", "9e9s", "99999999999999999999s", "%00",
                ] {
                    let answer = try client.call("GET", "\(order)?wait=\(wait)", opening)
                    expectProblem(answer, 400, "invalid-field", field: "wait", "\(wait)")
                }
                for wait in ["0s", "30s", "%33%30s"] {
                    expectProblem(
                        try client.call("GET", "\(order)?wait=\(wait)", opening), 404, "unknown-order", "\(wait)")
                }
            }
        }
    }

    @Test("who waits for 100-continue is told to go on, unless the body is not wanted; another expectation is 417")
    func expectations() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                let body = Shopper.body
                func expect(_ expectation: String, length: Int, key: String) throws -> RawClient.Answer {
                    try client.write(
                        "POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: \(key)\r\n"
                            + "Expect: \(expectation)\r\nContent-Length: \(length)\r\n\r\n")
                    return try client.receive()
                }
                #expect(try expect("100-continue", length: body.utf8.count, key: "a").status == 100)
                try client.write(body)
                #expect(try client.receive().status == 202)
                expectProblem(try expect("miracles", length: 1, key: "b"), 417, "expectation-failed")
                try client.write("{")
                expectProblem(
                    try expect("100-continue", length: RunningShop.maximumBodyBytes + 1, key: "c"), 413,
                    "body-too-large")
            }
        }
        #expect(try shop.traces() == [1, 1, 0])
    }

    @Test("a body shorter than it says is no order; what is beyond its length is another request")
    func lyingBodies() async throws {
        let shop = try RunningShop()
        let body = Shopper.body
        try await shop.serving { port in
            try await blocking {
                let short = try RawClient(port)
                try short.write("\(Self.post)Content-Length: \(body.utf8.count + 1)\r\n\r\n\(body)")
                short.finishWriting()
                expectProblem(try short.receive(), 400, "malformed-request")
                #expect(throws: RawClient.Cut.self) { try short.receive() }
                #expect(try shop.traces() == [0, 0, 0])

                let long = try RawClient(port)
                try long.write("\(Self.post)Content-Length: \(body.utf8.count)\r\n\r\n\(body)and more")
                #expect(try long.receive().status == 202)
                expectProblem(try long.receive(), 400, "malformed-request")
                #expect(throws: RawClient.Cut.self) { try long.receive() }
            }
        }
        #expect(try shop.traces() == [1, 1, 0])
    }

    @Test("orders sent in one go are answered in order; what is behind a request for another protocol is not read")
    func pipelining() async throws {
        let shop = try RunningShop()
        let body = Shopper.body
        func order(_ key: String, _ fields: String = "") -> String {
            "POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: \(key)\r\n\(fields)"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }
        let many = (0..<50).map { order("k\($0)") }.joined()
        let upgrade = order("upgrade", "Connection: Upgrade\r\nUpgrade: websocket\r\n") + order("behind")
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                try client.write(many)
                let ids = try (0..<50).map { _ in try client.receive()["orderId"] ?? "" }
                for (index, id) in ids.enumerated() {
                    #expect(try Shopper.place(RawClient(port), key: "k\(index)")["orderId"] == id)
                }
                let other = try RawClient(port)
                try other.write(upgrade)
                let answer = try other.receive()
                #expect(answer.status == 202 && answer.headers["connection"] == "close")
                #expect(throws: RawClient.Cut.self) { try other.receive() }
            }
        }
        #expect(try shop.traces() == [51, 51, 0])
    }

    @Test("a thousand connections that are reset in the middle of anything leave nothing behind")
    func resets() async throws {
        let shop = try RunningShop()
        let whole = Array(Self.sized("\(Shopper.body.utf8.count + 1)").utf8)
        try await shop.serving { port in
            try await blocking {
                for number in 0..<1000 {
                    let client = try RawClient(port)
                    client.resetOnClose()
                    try client.write(Array(whole[..<(number % whole.count)]))
                }
                #expect(try Shopper.place(RawClient(port), key: "after").status == 202)
            }
        }
        #expect(try shop.traces() == [1, 1, 0])
    }

    private static func order(quantity: String) -> String {
        """
        {"customerId":"c","email":"a@b.test","currency":"GBP","cardToken":"t",\
        "lines":[{"productId":"P-1","quantity":\(quantity)}]}
        """
    }

    /// An order that brings `count` values along which nobody asked for.
    private static func order(besides count: Int, text: String = "") -> String {
        let more = [String](repeating: "0", count: count).joined(separator: ",")
        return Shopper.body.replacing(/^\{/, with: #"{"note":"\#(text)","more":[\#(more)],"#)
    }

    @Test("a body has few values, however many bytes it may have: what takes long to read is refused before it is read")
    func manyValues() async throws {
        let shop = try RunningShop()
        let own = 12 + 2  // an order of two lines has twelve, `note` and `more` are two
        let refused = [
            "[" + String(repeating: "[],", count: 10_000), Self.order(besides: 10_001 - own),
        ]
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                for body in refused {
                    let answer = try Shopper.place(client, body)
                    #expect(answer.status == 413, "\(body.prefix(30))")
                    #expect(answer["type"] == "urn:stampede:problem:body-too-large")
                }
                #expect(try Shopper.place(client, key: "most", Self.order(besides: 10_000 - own)).status == 202)
                let text = #"\","# + String(repeating: ",[{", count: 5000)
                #expect(try Shopper.place(client, key: "text", Self.order(besides: 1, text: text)).status == 202)
            }
        }
        #expect(try shop.traces() == [2, 2, 0])
    }

    @Test("deep, wide and odd JSON is refused by its kind, at once")
    func oddJSON() async throws {
        let shop = try RunningShop()
        let numbers: [(String, Int, String)] = [
            ("1e999", 400, "wrong-type"), ("-1e999", 400, "wrong-type"), ("9223372036854775808", 400, "wrong-type"),
            ("1" + String(repeating: "0", count: 5000), 400, "wrong-type"), ("1.5", 400, "wrong-type"),
            ("NaN", 400, "malformed-json"), ("Infinity", 400, "malformed-json"), ("0x10", 400, "malformed-json"),
            ("01", 400, "malformed-json"), ("1.", 400, "malformed-json"), (".5", 400, "malformed-json"),
            ("+1", 400, "malformed-json"), ("--1", 400, "malformed-json"), ("-0", 422, "invalid-field"),
            ("-9223372036854775808", 422, "invalid-field"), ("9223372036854775807", 422, "invalid-field"),
            ("100001", 422, "invalid-field"),
        ]
        let deep: [(String, Int, String)] = [
            (String(repeating: "[", count: 9999), 400, "malformed-json"),
            (String(repeating: #"{"a":"#, count: 9999), 400, "malformed-json"),
            (String(repeating: "[", count: 10_001), 400, "malformed-json"),
            (String(repeating: "[", count: 64) + String(repeating: "]", count: 64), 400, "wrong-type"),
            (String(repeating: "[", count: 65) + String(repeating: "]", count: 65), 400, "malformed-json"),
            ("[" + String(repeating: "0,", count: 9998) + "0]", 400, "wrong-type"),
            ("{" + (0..<5000).map { #""k\#($0)":0"# }.joined(separator: ",") + "}", 400, "missing-field"),
        ]
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                for (number, status, type) in numbers {
                    let answer = try Shopper.place(client, Self.order(quantity: number))
                    let heard = "\(answer.status) \(answer["type"]?.split(separator: ":").last ?? "")"
                    #expect(heard == "\(status) \(type)", "\(number.prefix(30))")
                }
                for (body, status, type) in deep {
                    let answer = try Shopper.place(client, body)
                    let heard = "\(answer.status) \(answer["type"]?.split(separator: ":").last ?? "")"
                    #expect(heard == "\(status) \(type)", "\(body.prefix(30))")
                }
                for (number, quantity) in [("1.0", 1), ("1e2", 100), ("100000", 100_000)] {
                    let answer = try Shopper.place(client, key: "n\(quantity)", Self.order(quantity: number))
                    #expect(answer.status == 202, "\(number)")
                    #expect(answer["total", "amount"] == "\(1001 * quantity)", "\(number)")
                }
            }
        }
        #expect(try shop.traces() == [3, 3, 0])
    }
}
