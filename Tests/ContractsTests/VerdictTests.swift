import Contracts
import Foundation
import Testing

@Suite("The verdict")
struct VerdictTests {
    @Test("broken wins over unknown, unknown over all that holds, and nothing is judged without an order")
    func definition() {
        #expect(Verdict(of: [.yes, .unknown, .no], orders: 0) == .invalid)
        #expect(Verdict(of: [.yes, .unknown], orders: 0) == .unknown)
        #expect(Verdict(of: [.yes, .yes], orders: 0) == .nothingToJudge)
        #expect(Verdict(of: [.yes, .yes], orders: 1) == .valid)
        #expect(Verdict.allCases.sorted() == [.valid, .nothingToJudge, .unknown, .invalid])
    }

    @Test("one exit code a word: 0, 3, 4, as docs/reference/exit-codes.md has them")
    func exitCodes() {
        let codes = Verdict.allCases.reduce(into: [:]) { $0[$1.rawValue] = $1.exitCode }
        #expect(codes == ["VALID": 0, "INVALID": 3, "UNKNOWN": 4, "NOTHING TO JUDGE": 4])
    }

    @Test(
        "what is held up is said in the same words everywhere",
        arguments: [
            (0, 0, 0, nil), (0, 0, 1, "1 dead letter, no order held up"), (1, 1, 1, "1 order held up by 1 dead letter"),
            (3, 2, 2, "3 orders held up by 2 dead letters"),
            (3, 2, 5, "3 orders held up by 2 dead letters, 5 dead letters in all"),
        ])
    func heldUp(orders: Int, holding: Int, deadLetters: Int, text: String?) {
        #expect(HeldUp(orders: orders, holding: holding, deadLetters: deadLetters).text == text)
    }

    @Test("a truth is true, false or unknown in JSON, and nothing else")
    func truth() throws {
        for (truth, json) in [(Truth.yes, "true"), (.no, "false"), (.unknown, "\"unknown\"")] {
            #expect(String(decoding: try JSONEncoder().encode(truth), as: UTF8.self) == json)
            #expect(try JSONDecoder().decode(Truth.self, from: Data(json.utf8)) == truth)
        }
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Truth.self, from: Data("\"maybe\"".utf8)) }
    }
}
