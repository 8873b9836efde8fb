import Foundation
import HTTPServing
import Testing
import TestSupport

@testable import Web

/// The one reader of JSON in front of every door, and the checkout behind it.
@Suite("JSON, and nothing else", .timeLimit(.minutes(5)))
struct StrictJSONTests {
    @Test("each text is taken or refused, whole and as a member", arguments: JSONCases.all)
    func texts(text: JSONCases.Case) {
        let bytes = text.bytes
        let member = Array(#"{"a":[1, {"extra":"#.utf8) + bytes + Array("}]}".utf8)
        for body in [bytes, member] {
            #expect((try? StrictJSON.check(Data(body))) == nil ? !text.isValid : text.isValid, "\(text)")
        }
        if text.isValid, !JSONCases.rounded.contains(String(decoding: bytes, as: UTF8.self)) {
            #expect(throws: Never.self) {
                try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            }
        }
    }

    private struct Numbers: Decodable {
        let list: [WholeNumber]
        let object: [String: WholeNumber]
    }

    @Test(
        "a number that would be rounded is no integer, wherever it stands; one beside it is",
        arguments: JSONCases.rounded)
    func rounded(number: String) throws {
        for (list, object, field) in [
            ("1,\(number)", "1", "list[1]"), ("1", number, "object.\u{E9}\n"), ("1,2", "1.0", nil),
        ] {
            let body =
                "{\"other\":{\"list\":[\(number)]},\"list\":[\(list)],"
                + "\"object\":{\"a\":1,\"\\u00e9\\n\":\(object)}}"
            switch Result(catching: { try RequestBody.decode(Numbers.self, from: Data(body.utf8)) }) {
            case .success: #expect(field == nil, "\(body)")
            case .failure(let problem):
                #expect((problem as? Problem)?.type == .wrongType, "\(body)")
                #expect((problem as? Problem)?.field == field, "\(body)")
            }
        }
    }

    @Test("there are enough of them")
    func count() {
        #expect(JSONCases.all.filter(\.isValid).count >= 60 && JSONCases.all.filter { !$0.isValid }.count >= 120)
    }

    @Test(
        "values are counted, not what looks like one in a text",
        arguments: [
            ("0", 1), ("[0,1]", 3), (#"{"a":1,"b":[2]}"#, 4), (#"["\",[{",0]"#, 3), (#"["\\",0]"#, 3), ("[[],{}]", 3),
        ])
    func values(text: String, count: Int) {
        #expect(throws: Never.self) { try StrictJSON.check(Data(text.utf8), maximumValues: count) }
        #expect(throws: StrictJSON.Fault.tooManyValues(limit: count - 1)) {
            try StrictJSON.check(Data(text.utf8), maximumValues: count - 1)
        }
    }

    @Test("no bytes trap it, and what it takes Foundation takes", arguments: 0..<10)
    func anything(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let pieces =
            Array("\"\\{}[]:,.-+eEu0123456789 \nnulltruefalse\u{0}é".utf8) + [0xFF, 0xC3, 0x80, 0xED, 0xA0, 0xF4]
        for _ in 0..<2000 {
            let bytes = Data((0..<random.below(24)).map { _ in pieces[random.below(pieces.count)] })
            guard (try? StrictJSON.check(bytes)) != nil else { continue }
            #expect(throws: Never.self, "\(String(decoding: bytes, as: UTF8.self))") {
                try JSONSerialization.jsonObject(with: bytes, options: .fragmentsAllowed)
            }
        }
    }

    @Test("an object of a hundred thousand members is read in time, and one of them twice is found")
    func manyNames() throws {
        let names = (0..<100_000).map { "\"name-\($0)\":0" }
        try StrictJSON.check(Data("{\(names.joined(separator: ","))}".utf8))
        #expect(throws: StrictJSON.Fault.self) {
            try StrictJSON.check(Data("{\(names.joined(separator: ",")),\"name-5\":1}".utf8))
        }
    }

    // MARK: - The checkout

    private static let good =
        #""customerId":"c-1","email":"ann@example.test","currency":"GBP","cardToken":"tok_visa","#
        + #""lines":[{"productId":"P-1","quantity":1}]"#

    @Test("the checkout takes what is JSON, refuses what is not, and keeps nothing of it")
    func checkout() async throws {
        let shop = try RunningShop()
        let taken = try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                var taken = 0
                for (number, text) in JSONCases.bodies("{\(Self.good)}").enumerated() {
                    let answer = try client.call(
                        "POST", "/v1/orders", Shopper.headers("json-\(number)"), body: text.bytes)
                    if text.isValid {
                        #expect(answer.status == 202, "\(text)")
                        taken += 1
                    } else {
                        #expect(answer.status == 400, "\(text)")
                        expectProblem(answer, 400, "malformed-json", "\(text)")
                    }
                }
                for (number, header) in JSONCases.headers.enumerated() {
                    let answer = try client.call(
                        "POST", "/v1/orders", Shopper.headers("header-\(number)", type: nil) + [header.field],
                        body: Array("{\(Self.good)}".utf8))
                    if header.isRead {
                        #expect(answer.status == 202, "\(header.field)")
                        taken += 1
                    } else {
                        expectProblem(answer, 415, "unsupported-media-type", "\(header.field)")
                    }
                }
                return taken
            }
        }
        #expect(try shop.count("SELECT count(*) FROM orders") == taken)
    }

    @Test("the admin ports read what the checkout reads")
    func adminPorts() {
        struct Body: Decodable { let actor: String }
        for text in JSONCases.bodies(#"{"actor":"ann"}"#) {
            let read = Result { try RequestBody.decode(Body.self, from: Data(text.bytes)) }
            switch read {
            case .success(let body): #expect(text.isValid && body.actor == "ann", "\(text)")
            case .failure(let problem): #expect(!text.isValid && (problem as? Problem)?.status == 400, "\(text)")
            }
        }
    }

    @Test(
        "an integer may have a fraction of zero or an exponent, and is never rounded to",
        arguments: [
            ("1", 202, nil), ("1.0", 202, nil), ("1e0", 202, nil), ("10e-1", 202, nil), ("0.1e1", 202, nil),
            ("1.50", 400, "wrong-type"), ("0.99999999999999999999", 400, "wrong-type"), ("1e-400", 400, "wrong-type"),
            ("1.00000000000000000001", 400, "wrong-type"), ("9007199254740993.0", 400, "wrong-type"),
            ("-0.0", 422, "invalid-field"), ("1e18", 422, "invalid-field"),
        ] as [(String, Int, String?)])
    func integers(quantity: String, status: Int, type: String?) async throws {
        let body = "{\(Self.good)}".replacing("\"quantity\":1", with: "\"quantity\":\(quantity)")
        try await RunningShop().serving { port in
            try await blocking {
                let answer = try Shopper.place(RawClient(port), body)
                #expect(answer.status == status)
                if let type { expectProblem(answer, status, type, field: "lines[0].quantity") }
            }
        }
    }
}
