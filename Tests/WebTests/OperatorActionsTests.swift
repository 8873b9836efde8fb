import Contracts
import Foundation
import ServiceRuntime
import Testing
import TestSupport

@testable import Delivery
@testable import Web

@Suite("Operator's actions over HTTP", .timeLimit(.minutes(5)))
struct OperatorActionsTests {
    private static let secret = TestOperator.secret
    private static let ids = (1...3).map { EventID(high: 7, low: $0).description }

    /// Serves the actions, with a consumer behind them where it is to come at all.
    private func serving(
        _ consumer: FakeConsumer, comes: Bool = true, testFaults: Bool = true, timeLimit: Duration = .seconds(60),
        _ body: @escaping @Sendable (Operator) throws -> Void
    ) async throws {
        let actions = OperatorActions(
            queue: consumer.queue, testFaults: testFaults, timeLimit: timeLimit)
        let running = comes ? Task { await consumer.run() } : nil
        defer { running?.cancel() }
        try await withServer({ AdminServer.make(port: $0, logger: $1, actions: actions.all) }) { port in
            try await blocking { try body(Operator(client: RawClient(port))) }
        }
        consumer.queue.close("the test is over")
    }

    private struct Operator {
        let client: RawClient

        func put(_ action: String, _ body: String, token: String? = "Bearer \(secret)") throws -> RawClient.Answer {
            try client.call(
                "PUT", "/admin/\(action)", token.map { ["Authorization: \($0)"] } ?? [], body: Array(body.utf8))
        }
    }

    /// Says of every letter that it was applied.
    private static func agreeable() -> FakeConsumer {
        FakeConsumer { request in
            switch request {
            case .retry(let ids, _), .discard(let ids, _, _): .letters(ids.map { LetterOutcome($0, .applied) })
            case .edit(let id, _, _, _): .letters([LetterOutcome(id, .edited, "as it is now")])
            case .importLetters(let letters, _, _): .letters(letters.map { LetterOutcome($0.eventID, .imported) })
            case .inject(let events, _): .injected(events.indices.map { InjectedPlace(sequence: UInt64($0) + 5) })
            case .pause, .resume: .consumer(changed: true)
            }
        }
    }

    @Test("without the token nothing is done")
    func token() async throws {
        let consumer = Self.agreeable()
        try await serving(consumer) { user in
            let body = #"{"actor":"ann"}"#
            for wrong in [nil, "Bearer", "Bearer x", "Basic \(Self.secret)", Self.secret, "Bearer \(Self.secret)0"] {
                let answer = try user.put("resume", body, token: wrong)
                expectProblem(answer, 401, "unauthorized", "\(wrong ?? "none")")
                #expect(answer.headers["www-authenticate"] == "Bearer")
            }
            #expect(consumer.seen.isEmpty)
            #expect(try user.put("resume", body, token: "bearer \(Self.secret)").status == 200)
            let wrong = try user.client.call("POST", "/admin/resume", body: [])
            expectProblem(wrong, 405, "method-not-allowed")
            #expect(wrong.headers["allow"] == "PUT")
        }
        #expect(consumer.seen.count == 1)
    }

    @Test("each request reaches the consumer whole, and what came of it is the answer")
    func requests() async throws {
        let consumer = Self.agreeable()
        let ids = Self.ids
        try await serving(consumer) { user in
            let list = ids.map { "\"\($0)\"" }.joined(separator: ",")
            let retried = try user.put("dead-letters/retry", #"{"ids":[\#(list)],"actor":"ann"}"#)
            #expect(retried.status == 200)
            let results = retried.json["results"] as? [[String: Any]] ?? []
            #expect(results.map { $0["eventId"] as? String } == ids)
            #expect(results.allSatisfy { $0["outcome"] as? String == "applied" && $0["detail"] == nil })

            _ = try user.put("dead-letters/discard", #"{"ids":[\#(list)],"actor":"ann","reason":" gone "}"#)
            let edited = try user.put(
                "dead-letters/edit",
                #"{"id":"\#(ids[0])","type":"v1.X","data":{"b":[1,true,null,"/é"],"a":2.5},"actor":"ann","reason":"typo"}"#
            )
            #expect(edited["outcome"] == "edited" && edited["detail"] == "as it is now")
            let letter =
                #"{"eventId":"\#(ids[0])","topic":"orders","offset":3,"event":"AQID","errorKind":"brokenRule","error":"no","attempts":2,"firstFailedAt":"2026-01-01T00:00:00Z","diedAt":"2026-01-01T00:00:01.5Z","service":"order","signature":"x"}"#
            _ = try user.put("dead-letters/import", #"{"letters":[\#(letter)],"force":true,"actor":"ann"}"#)
            let injected = try user.put("inject", #"{"events":["AA==","/w=="],"actor":"ann"}"#)
            let places = injected.json["results"] as? [[String: Int]] ?? []
            #expect(places == [["sequence": 5, "offset": 4], ["sequence": 6, "offset": 5]])
            #expect(try user.put("pause", #"{"actor":"ann","reason":"repair"}"#)["changed"] == "1")
            #expect(try user.put("resume", #"{"actor":"ann"}"#).status == 200)
        }
        let wanted = ids.compactMap { EventID($0) }
        try #require(wanted.count > 0)
        let seen = consumer.seen
        try #require(seen.count == 7)
        guard case .retry(wanted, let actor) = seen[0], case .discard(wanted, "gone", actor) = seen[1],
            case .edit(wanted[0], let correction, "typo", actor) = seen[2],
            case .importLetters(let letters, true, actor) = seen[3], case .inject([[0], [0xFF]], actor) = seen[4],
            case .pause("repair", actor) = seen[5], case .resume(actor) = seen[6]
        else {
            Issue.record("not what was asked: \(seen)")
            return
        }
        #expect(actor.name == "ann")
        #expect(correction.type == "v1.X" && correction.subject == nil)
        #expect(String(decoding: correction.data, as: UTF8.self) == #"{"a":2.5,"b":[1,true,null,"/é"]}"#)
        try #require(letters.count == 1)
        #expect(letters[0].eventID == wanted[0] && letters[0].topic == .orders)
        #expect(letters[0].offset == 3 && letters[0].event == [1, 2, 3] && letters[0].attempts == 2)
        #expect(letters[0].diedAt - letters[0].firstFailedAt == .milliseconds(1500))
    }

    @Test("what is no such request is refused with its field, and the consumer never hears of it")
    func badRequests() async throws {
        let consumer = Self.agreeable()
        let id = Self.ids[0]
        let many = Array(repeating: "\"\(id)\"", count: 257).joined(separator: ",")
        let long = String(repeating: "n", count: 101)
        let cases: [(action: String, body: String, status: Int, type: String, field: String?)] = [
            ("dead-letters/retry", "{", 400, "malformed-json", nil),
            ("dead-letters/retry", "[]", 400, "wrong-type", nil),
            ("dead-letters/retry", #"{"ids":["\#(id)"]}"#, 400, "missing-field", "actor"),
            ("dead-letters/retry", #"{"ids":["\#(id)","x"],"actor":"a"}"#, 400, "wrong-type", "ids[1]"),
            ("dead-letters/retry", #"{"ids":[],"actor":"a"}"#, 422, "invalid-field", "ids"),
            ("dead-letters/retry", #"{"ids":[\#(many)],"actor":"a"}"#, 422, "invalid-field", "ids"),
            ("dead-letters/retry", #"{"ids":["\#(id)"],"actor":""}"#, 422, "invalid-field", "actor"),
            ("dead-letters/retry", #"{"ids":["\#(id)"],"actor":"a\u0007"}"#, 422, "invalid-field", "actor"),
            ("dead-letters/retry", #"{"ids":["\#(id)"],"actor":"\#(long)"}"#, 422, "invalid-field", "actor"),
            ("dead-letters/discard", #"{"ids":["\#(id)"],"actor":"a"}"#, 400, "missing-field", "reason"),
            ("dead-letters/discard", #"{"ids":["\#(id)"],"actor":"a","reason":"  "}"#, 422, "invalid-field", "reason"),
            (
                "dead-letters/edit", #"{"id":"\#(id)","type":"v1.X","actor":"a","reason":"r"}"#, 400, "missing-field",
                "data"
            ),
            (
                "dead-letters/edit", #"{"id":"\#(id)","type":"","data":{},"actor":"a","reason":"r"}"#, 422,
                "invalid-field", "type"
            ),
            (
                "dead-letters/import", #"{"letters":[{"eventId":"\#(id)"}],"force":false,"actor":"a"}"#, 400,
                "missing-field", "letters[0].topic"
            ),
            ("inject", #"{"events":["?"],"actor":"a"}"#, 400, "wrong-type", "events[0]"),
            ("inject", #"{"events":["AA==",""],"actor":"a"}"#, 422, "invalid-field", "events[1]"),
            ("pause", #"{"actor":"a"}"#, 400, "missing-field", "reason"),
            ("resume", "{}", 400, "missing-field", "actor"),
        ]
        try await serving(consumer) { user in
            for (action, body, status, type, field) in cases {
                expectProblem(try user.put(action, body), status, type, field: field, "\(action) \(body.prefix(80))")
            }
            let large = String(repeating: " ", count: 64 * 1024)
            expectProblem(try user.put("resume", #"{"actor":"a"}"# + large), 413, "body-too-large")
        }
        #expect(consumer.seen.isEmpty)
    }

    @Test("without --test-faults nothing is injected")
    func noTestFaults() async throws {
        let consumer = Self.agreeable()
        try await serving(consumer, testFaults: false) { user in
            expectProblem(try user.put("inject", #"{"events":["AA=="],"actor":"a"}"#), 403, "test-faults-off")
        }
        #expect(consumer.seen.isEmpty)
    }

    @Test("a refusal says why")
    func refused() async throws {
        try await serving(FakeConsumer { _ in throw OperatorRefusal("no card names a fact") }) { user in
            let answer = try user.put("resume", #"{"actor":"a"}"#)
            expectProblem(answer, 422, "refused")
            #expect(answer["detail"] == "no card names a fact")
        }
    }

    @Test("a consumer that does not come in time, or has ended, is 503 with Retry-After")
    func notNow() async throws {
        let consumer = Self.agreeable()
        try await serving(consumer, comes: false, timeLimit: .milliseconds(50)) { user in
            let late = try user.put("resume", #"{"actor":"a"}"#)
            expectProblem(late, 503, "still-under-way")
            #expect(late.headers["retry-after"] != nil)
            consumer.queue.close("the service is stopping")
            let ended = try user.put("resume", #"{"actor":"a"}"#)
            expectProblem(ended, 503, "unavailable")
            #expect(ended.headers["retry-after"] != nil)
        }
    }
}
