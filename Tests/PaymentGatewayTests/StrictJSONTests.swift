import Foundation
import Testing
import TestSupport

@testable import payment_gateway

/// The same cases as at the checkout's door.
@Suite("The gateway reads JSON, and nothing else", .timeLimit(.minutes(5)))
struct StrictJSONTests {
    @Test("a charge is taken if it is JSON, and nothing of another is kept")
    func charges() async throws {
        let directory = try TemporaryDirectory()
        var taken = 0
        for text in JSONCases.bodies(String(decoding: chargeBody(), as: UTF8.self)) where text.isValid { taken += 1 }
        try await withGateway(in: directory) { port in
            let client = try LoopbackClient(port: port)
            for (number, text) in JSONCases.bodies(String(decoding: chargeBody(), as: UTF8.self)).enumerated() {
                let answer = try client.call(
                    "POST", "/v1/payment_intents", key: "json-\(number)", body: Data(text.bytes))
                #expect(answer.status == (text.isValid ? 200 : 400), "\(text)")
                if !text.isValid { #expect(answer["error", "param"] == "body", "\(text)") }
            }
        }
        #expect(try ledgerEntries(in: directory).count == taken)
    }

    @Test("a body in another character set or coding is 415, and names the coding that is taken")
    func headers() async throws {
        let directory = try TemporaryDirectory()
        try await withGateway(in: directory) { port in
            let client = try LoopbackClient(port: port)
            for (number, header) in JSONCases.headers.enumerated() {
                let head =
                    "POST /v1/payment_intents HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: h-\(number)\r\n"
                    + "\(header.field)\r\nContent-Length: \(chargeBody().count)\r\n\r\n"
                try client.sendRaw(Data(head.utf8) + chargeBody())
                let answer = try client.receive()
                #expect(answer.status == (header.isRead ? 200 : 415), "\(header.field)")
                if !header.isRead { #expect(answer.headers["accept-encoding"] == "identity") }
            }
        }
    }

    @Test(
        "an amount may have a fraction of zero or an exponent, and is never rounded to",
        arguments: [
            ("1999.0", true), ("1.999e3", true), ("19990e-1", true), ("1998.9999999999999999999", false),
            ("1999.00000000000000000001", false), ("9007199254740993.0", false), ("19.99", false),
        ])
    func amounts(amount: String, isTaken: Bool) {
        let body = RefusalTests.good.replacingOccurrences(of: "1999", with: amount)
        let charge = Result { try Charge(key: IdempotencyKey("charge:1"), body: Data(body.utf8)) }
        #expect((try? charge.get())?.amount == (isTaken ? 1999 : nil))
        if case .failure(let error) = charge { #expect((error as? Refusal)?.parameter == "amount") }
    }

    @Test("a fault's rate is not rounded to 1")
    func rates() {
        let refusal = #expect(throws: Refusal.self) {
            try Faults.standard.changed(by: Data(#"{"errorRate":0.99999999999999999999}"#.utf8))
        }
        #expect(refusal?.parameter == "errorRate")
    }
}
