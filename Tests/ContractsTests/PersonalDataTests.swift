import Contracts
import Foundation
import Testing

@Suite("Personal data")
struct PersonalDataTests {
    @Test(
        "the texts of these members become stars, as many as there were bytes; all else stays",
        arguments: [
            (#"{"a":1,"email":"ann@x.test","b":"email"}"#, #"{"a":1,"email":"**********","b":"email"}"#),
            (#"{"cardToken" : "tok","email":7}"#, #"{"cardToken" : "***","email":7}"#),
            (#"{"x":{"email":"é\"\\"},"y":[{"email":""}]}"#, #"{"x":{"email":"******"},"y":[{"email":""}]}"#),
            (#"{"email":"a","email":"b","cardTokens":"c"}"#, #"{"email":"*","email":"*","cardTokens":"c"}"#),
            (#"not JSON "cardToken":"tok_visa"#, #"not JSON "cardToken":"********"#),
            (#""email""#, #""email""#), (#""email":"#, #""email":"#), (#""email":"\"#, #""email":"*"#), ("", ""),
        ])
    func masked(text: String, expected: String) {
        let masked = PersonalData.masked(Array(text.utf8))
        #expect(String(decoding: masked, as: UTF8.self) == expected)
        #expect(masked.count == text.utf8.count)
    }

    @Test("an event whose card is masked is an event all the same, and says the rest of what it said")
    func event() throws {
        let created = V1.OrderCreated(
            customerID: "c", email: "ann@example.test", lines: [], total: Money(amount: 1, currency: "GBP"),
            cardToken: "tok_visa", idempotencyKey: "k", bodyHash: "00")
        let id = OrderID(high: 1, low: 2)
        let event = Envelope(
            id: id.rebound(), source: "/test", type: V1.OrderCreated.type, subject: "\(id)",
            time: Timestamp(microseconds: 1), correlationID: id.rebound(), data: try created.encoded())
        let masked = try EventCoding.decode(PersonalData.masked(try EventCoding.encode(event), [.cardToken]))
        let told = try V1.OrderCreated.decoded(from: masked.data)
        #expect(told.cardToken == "********" && told.email == created.email && told.customerID == "c")
        #expect(masked.id == event.id && masked.subject == event.subject)
    }

    @Test("of JSON that was read, these members are masked at any depth")
    func json() {
        let json = JSONValue.object([
            "rows": .array([.object(["email": .string("a@b"), "cardToken": .null, "other": .string("a@b")])])
        ])
        let expected = JSONValue.object([
            "rows": .array([.object(["email": .string("***"), "cardToken": .null, "other": .string("a@b")])])
        ])
        #expect(PersonalData.masked(json) == expected)
    }
}
