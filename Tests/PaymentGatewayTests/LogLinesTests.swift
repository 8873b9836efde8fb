import Foundation
import Logging
import Testing

@testable import payment_gateway

@Suite("The gateway's log")
struct LogLinesTests {
    @Test("a message is one line of JSON, with its fields; on a terminal one line of text, whatever stands in it")
    func lines() throws {
        let hostile = "down\n\u{1B}[2J\"}"
        let time = Date(timeIntervalSince1970: 1.5)
        let json = LogLines(label: "payment-gateway", isText: false).line(time, .error, hostile, [("faults", "x\ty")])
        let fields = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: String])
        #expect(!json.contains("\n"))
        #expect(
            fields == [
                "time": "1970-01-01T00:00:01.500Z", "level": "error", "service": "payment-gateway", "message": hostile,
                "faults": "x\ty",
            ])
        let text = LogLines(label: "payment-gateway", isText: true).line(time, .error, hostile, [("faults", "x\ty")])
        #expect(text == "1970-01-01T00:00:01.500Z error payment-gateway: down  [2J\"} faults=x y")
    }
}
