import AnalyticsService
import Contracts
import EventLog
import Foundation
import GRDB
import ServiceRuntime
import Testing
import TestSupport

@testable import Delivery
@testable import Web

/// `GET /admin/delivery`, and what the dashboard makes of it.
@Suite("Delivery, as a service tells it", .timeLimit(.minutes(5)))
struct DeliveryPageTests {
    @Test("positions, what waits, and the open letters by group; settled ones are gone")
    func summary() async throws {
        let analytics = try WatchedAnalytics()
        try analytics.settle(WatchedAnalytics.newOrder())
        try analytics.consume()
        try bury(3, "v1.OrderCreated", "brokenRule: # pieces", at: analytics)
        try bury(1, "", "undecodable", at: analytics)
        try bury(2, "v1.OrderCreated", "brokenRule: # pieces", state: "discarded", at: analytics)
        try await serving(analytics) { port in
            try await blocking {
                let answer = try RawClient(port).call("GET", DeliveryPage.path)
                let summary = try JSONDecoder().decode(DeliverySummary.self, from: Data(answer.body))
                #expect(summary.service == .analytics)
                #expect(summary.positions.map(\.topic) == ["orders", "inventory", "payments", "notifications"])
                #expect(summary.positions.map(\.nextOffset) == [2, 1, 1, 1])
                #expect(summary.letters == 4)
                try #require(summary.groups.map(\.letters) == [3, 1])
                #expect(
                    summary.groups[0].id
                        == DeadLetterGroup(
                            service: .analytics, signature: "brokenRule: # pieces", type: "v1.OrderCreated"
                        ).id)
                expectProblem(try RawClient(port).call("PUT", DeliveryPage.path, body: []), 405, "method-not-allowed")
            }
        }
    }

    @Test("of many groups the largest are told, in an answer that the dashboard takes")
    func bounded() async throws {
        let analytics = try WatchedAnalytics()
        for number in 0..<(DeliverySummary.maximumGroups + 5) {
            try bury(number + 1, "v1.T\(number)", String(repeating: "x", count: 200), at: analytics)
        }
        try await serving(analytics) { port in
            try await blocking {
                let answer = try RawClient(port).call("GET", DeliveryPage.path)
                #expect(answer.body.count < PooledHTTPClient.maximumAnswerBytes)
                let summary = try JSONDecoder().decode(DeliverySummary.self, from: Data(answer.body))
                #expect(summary.groups.count == DeliverySummary.maximumGroups)
                #expect(summary.groups.first?.type == "v1.T\(DeliverySummary.maximumGroups + 4)")
            }
        }
    }

    @Test("the dashboard asks the other services; one that falls silent keeps its last answer, marked as old")
    func survey() async throws {
        let analytics = try WatchedAnalytics()
        try bury(2, "v1.OrderCreated", "brokenRule", at: analytics)
        let port = try Sockets.freePort()
        var survey = DeliverySurvey(ports: [.analytics: port, .payment: try Sockets.freePort()])
        survey = try await serving(analytics, on: port) { [survey] in
            var survey = survey
            await survey.ask(at: Timestamp(microseconds: 1))
            return survey
        }
        #expect(survey.answers[.analytics]?.summary.letters == 2)
        #expect(survey.answers[.analytics]?.isLatest == true)
        #expect(survey.answers[.payment] == nil)
        await survey.ask(at: Timestamp(microseconds: 5_000_000))
        let old = try #require(survey.answers[.analytics])
        #expect(!old.isLatest && old.at == Timestamp(microseconds: 1))
        let group = try #require(DashboardSnapshot.groups([old], dataOption: " --data d").first)
        #expect(!group.isCurrent)
        #expect(group.command == "stampede dlq retry --group \(group.group.id) --plan --data d")
    }

    @Test("lag counts events and the age of the first one, and is never below zero")
    func lag() throws {
        let analytics = try WatchedAnalytics()
        let start = Timestamp(microseconds: 1_700_000_000_000_000)
        for second in 0..<10 {
            try analytics.say(Said.stock(1), subject: "P-1", on: .inventory, at: start + .seconds(second))
        }
        func lag(_ read: Int64) throws -> ConsumerLag {
            let json = """
                {"service":"order","positions":[{"topic":"inventory","nextOffset":\(read)}],"parked":0,"retrying":0,
                "unpublished":0,"openCalls":0,"heldOrders":[],"injected":0,"letters":0,"groups":[]}
                """
            let summary = try JSONDecoder().decode(DeliverySummary.self, from: Data(json.utf8))
            let answer = DeliverySurvey.Answer(summary: summary, at: start + .seconds(10), isLatest: true)
            return try #require(try ConsumerLag.rows(answer, at: start + .seconds(12), LogWindow(analytics.log)).first)
        }
        let behind = try lag(7)
        #expect(behind.behind == 3 && behind.seconds == 5 && behind.ageSeconds == 2)
        let caughtUp = try lag(10)
        #expect(caughtUp.behind == 0 && caughtUp.seconds == 0)
        #expect(try lag(99).behind == 0)
    }

    // MARK: - A service

    private func serving(
        _ analytics: WatchedAnalytics, _ body: @escaping @Sendable (_ port: Int) async throws -> Void
    ) async throws {
        let page = DeliveryPage(card: analytics.node.card, reader: analytics.sources.reader)
        try await withServer({ AdminServer.make(port: $0, logger: $1, surfaces: [page]) }, body)
    }

    private func serving<Value: Sendable>(
        _ analytics: WatchedAnalytics, on port: Int, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let page = DeliveryPage(card: analytics.node.card, reader: analytics.sources.reader)
        return try await withServer(on: port, { AdminServer.make(port: $0, logger: $1, surfaces: [page]) }) { _ in
            try await body()
        }
    }

    private func bury(
        _ count: Int, _ type: String, _ signature: String, state: String = "open", at analytics: WatchedAnalytics
    ) throws {
        try analytics.node.database.transaction { db in
            for _ in 0..<count {
                try db.execute(
                    sql: """
                        INSERT INTO dead_letters (event_id, topic, offset, subject, type, event, error_kind, error,
                            signature, attempts, first_failed_at, died_at, state)
                        VALUES (randomblob(16), 'orders', abs(random()), hex(randomblob(16)), ?, x'', 'k', 'e', ?, 3, 1, 2, ?)
                        """,
                    arguments: [type, signature, state])
            }
        }
    }
}
