import Testing

@testable import flash_sale

@Suite("Reading the shop's answers")
struct AnswerTests {
    private static let receipt =
        "{\"orderId\":\"0193f1d2-5c3a-7b1e-8f00-0123456789ab\",\"status\":\"pending\",\"token\":\"AAAA-_\",\"total\":{\"amount\":1999,\"currency\":\"GBP\"}}"

    private static func response(_ body: String, headers: String = "") -> String {
        "HTTP/1.1 202 Accepted\r\ncontent-length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
    }

    @Test("an answer is the same however the network cuts it")
    func everyCut() throws {
        let bytes = Array(Self.response(Self.receipt, headers: "Retry-After:  7 \r\n").utf8)
        for cut in 1..<bytes.count {
            var reader = AnswerReader()
            #expect(try reader.read(bytes[..<cut]) == nil, "cut at \(cut)")
            let answer = try #require(try reader.read(bytes[cut...]), "cut at \(cut)")
            #expect(answer == Answer(status: 202, retryAfterSeconds: 7, body: Array(Self.receipt.utf8)))
        }
    }

    @Test("without a length the close is the end; with one, a close before it is a lost answer")
    func closes() throws {
        var open = AnswerReader()
        #expect(try open.read(Array("HTTP/1.1 500 Oops\r\nX: y\r\n\r\nbroken".utf8)[...]) == nil)
        #expect(open.close()?.text == "broken")
        var cut = AnswerReader()
        #expect(try cut.read(Array("HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\n\r\nhalf".utf8)[...]) == nil)
        #expect(cut.close() == nil)
        var headless = AnswerReader()
        #expect(try headless.read(Array("HTTP/1.1 202 Acc".utf8)[...]) == nil)
        #expect(headless.close() == nil)
    }

    @Test(
        "what is not understood is an error, never skipped",
        arguments: [
            "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 202 OK\r\nContent-Length: many\r\n\r\n",
            "HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 2x2 OK\r\n\r\n",
        ])
    func errors(text: String) {
        #expect(throws: AnswerError.self) {
            var reader = AnswerReader()
            _ = try reader.read(Array(text.utf8)[...])
        }
    }

    @Test("the scan of a receipt says what a JSON parser says")
    func receipts() throws {
        let scanned = try #require(Receipt.scanned(Array(Self.receipt.utf8)))
        #expect(scanned == Receipt.decoded(Array(Self.receipt.utf8)))
        #expect(scanned.total == 1999 && scanned.token == "AAAA-_")
        // Another order of keys, blanks, escapes: the parser takes over.
        let spaced = Array(
            "{ \"token\": \"t\", \"total\" : {\"currency\": \"GBP\", \"amount\": 5}, \"orderId\": \"0193F1D2-5c3a-7b1e-8f00-0123456789ab\"}"
                .utf8)
        #expect(Receipt.scanned(spaced) == nil)
        #expect(Receipt(spaced)?.total == 5)
        #expect(Receipt(spaced)?.order == "0193f1d2-5c3a-7b1e-8f00-0123456789ab")
    }

    @Test(
        "a receipt without id, token, total or sense is none",
        arguments: [
            "", "{}", "null", "{\"orderId\":\"0193f1d2-5c3a-7b1e-8f00-0123456789ab\"}",
            "{\"orderId\":\"0193f1d2-5c3a-7b1e-8f00-0123456789ab\",\"total\":{\"amount\":1,\"currency\":\"GBP\"}}",
            "{\"orderId\":\"0193f1d2-5c3a-7b1e-8f00-0123456789ab\",\"token\":\"\",\"total\":{\"amount\":1,\"currency\":\"GBP\"}}",
            "{\"orderId\":\"0193f1d2-5c3a-7b1e-8f00-0123456789aZ\",\"token\":\"t\",\"total\":{\"amount\":1,\"currency\":\"GBP\"}}",
            "{\"orderId\":\"0193f1d2-5c3a-7b1e-8f00-0123456789ab\",\"token\":\"t\",\"total\":{\"amount\":1.5,\"currency\":\"GBP\"}}",
            "{\"orderId\":\"0193f1d2-5c3a-7b1e-8f00-0123456789ab\",\"token\":\"t\",\"total\":{\"amount\":99999999999999999999,\"currency\":\"GBP\"}}",
        ])
    func noReceipts(text: String) {
        #expect(Receipt(Array(text.utf8)) == nil)
    }
}

extension AnswerReader {
    fileprivate mutating func read(_ bytes: ArraySlice<UInt8>) throws -> Answer? {
        try bytes.withUnsafeBytes { try read($0) }
    }
}
