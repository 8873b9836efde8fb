import Contracts
import Foundation
import Logging
import Synchronization
import Testing

@testable import ServiceRuntime

@Suite("The log")
struct LogLineTests {
    /// What a logger writes while the body uses it.
    private func written(
        _ line: @escaping @Sendable (LogLine) -> [UInt8], _ level: Logger.Level = .info, _ body: (Logger) -> Void
    ) -> String {
        let store = Store()
        var logger = Logger(label: "order") { label in
            LineLogHandler(label: label, logLevel: level, line: line) { bytes in store.add(bytes) }
        }
        logger[metadataKey: "always"] = "there"
        body(logger)
        return store.text
    }

    private final class Store: Sendable {
        private let bytes = Mutex<[UInt8]>([])
        func add(_ more: [UInt8]) { bytes.withLock { $0 += more } }
        var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
    }

    @Test("a message is one line of JSON, whatever is in it")
    func json() throws {
        let text = written(LogLine.json) { logger in
            logger.warning(
                "a \"quoted\"\nmessage", metadata: ["orderId": "o-1", "offset": "7", "odd\u{1}": "\t\u{7F}é"])
        }
        #expect(text.split(separator: "\n").count == 1)
        let line = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String])
        #expect(line["level"] == "warning")
        #expect(line["service"] == "order")
        #expect(line["message"] == "a \"quoted\"\nmessage")
        #expect(line["orderId"] == "o-1")
        #expect(line["offset"] == "7")
        #expect(line["always"] == "there")
        #expect(line["odd\u{1}"] == "\t\u{7F}é")
        #expect(line["time"]?.count == 27)
    }

    @Test("for people it is one line without control characters: no text from outside paints the terminal")
    func text() {
        let text = written(LogLine.text) { $0.error("down\u{1B}[31m\nFORGED", metadata: ["key": "v\r\u{7}"]) }
        #expect(text.hasSuffix("error    order: down [31m FORGED  always=there key=v  \n"))
        #expect(text.utf8.dropLast().allSatisfy { $0 >= 0x20 })
    }

    @Test("what lies below the level is not written")
    func level() {
        #expect(written(LogLine.json, .error) { $0.warning("no") }.isEmpty)
    }

    @Test("no mail address and no card token gets into a line, wherever it stands in it")
    func personal() {
        for line in [LogLine.json, LogLine.text] {
            let text = written(line) { logger in
                logger.error(
                    "mail to ann@example.test failed",
                    metadata: [
                        "error": "{\"email\":\"Ann.O'Brien+x@example.test\",\"cardToken\":\"tok_visa\"} <bob@b.example>"
                    ])
            }
            for secret in ["ann@", "Brien+x@", "tok_visa", "bob@"] { #expect(!text.contains(secret), "\(text)") }
            #expect(text.contains("failed"))
        }
    }

    @Test(
        "redaction takes out what must not stand there, and nothing else",
        arguments: [
            ("plain words, 100 %", "plain words, 100 %"), ("ann@example.test", "[mail address]"),
            ("to=ann@example.test;", "to=[mail address];"),
            ("/x?email=ann%40example.test&y=1", "/x?email=[mail address]&y=1"),
            ("tok_visa", "[card token]"), ("\"tok_chargeDeclined\"", "\"[card token]\""), ("", ""),
            ("the token of nobody", "the token of nobody"),
            ("Authorization: Bearer abc", "Authorization: Bearer [secret]"),
            (#"{"cardToken":"no-shape","a":1}"#, #"{"cardToken":"[secret]","a":1}"#),
        ])
    func redaction(text: String, expected: String) {
        #expect(Redaction.of(text) == expected)
    }
}
