import Contracts
import Foundation
import ServiceRuntime
import Testing
import TestSupport

@testable import Web

@Suite("Dashboard: the stream", .timeLimit(.minutes(5)))
struct DashboardStreamTests {
    @Test(
        "each line of the data has a field of its own, and what only looks like a line end stays",
        arguments: [
            ("a", ["a"]), ("a\nid: 7", ["a", "id: 7"]), ("a\r\n\r\nb", ["a", "", "b"]), ("a\rb", ["a", "b"]),
            ("", [""]), ("a\u{2028}b\u{85}c", ["a\u{2028}b\u{85}c"]),
        ])
    func framing(data: String, lines: [String]) {
        let text = ServerSentEvent.text(id: "1-2", event: "e", data: data)
        #expect(text == "id: 1-2\nevent: e\n" + lines.map { "data: \($0)\n" }.joined() + "\n")
    }

    @Test(
        "a place is read as it was written; anything else is none", arguments: ["", "7", "a-1", "1-", "-1-2", "1-2-3"])
    func places(wrong: String) {
        let place = StreamPlace(start: 1_700_000_000_000_000, tick: 42)
        #expect(StreamPlace(place.description) == place)
        #expect(StreamPlace(wrong) == nil)
    }

    @Test("a client gets a time to come back, the history, then snapshots with growing ids")
    func opens() async throws {
        let analytics = try WatchedAnalytics()
        try analytics.settle(WatchedAnalytics.newOrder())
        try analytics.consume()
        try await analytics.serving { port in
            try await blocking {
                let stream = try EventStream(port)
                #expect(stream.head.hasPrefix("HTTP/1.1 200 OK"))
                let head = stream.head.lowercased()
                #expect(head.contains("content-type: text/event-stream"))
                #expect(head.contains("content-security-policy: default-src 'none'"))
                #expect(try stream.next().retry == "1000")
                let history = try stream.next()
                #expect(history.name == "history")
                #expect(history.json["points"] is [Any])
                let first = try stream.next()
                #expect(first.name == "snapshot")
                let ids = try [first, stream.next(), stream.next()].map {
                    try #require($0.id.flatMap { StreamPlace($0) })
                }
                try #require(ids.count > 2)
                #expect(ids[0].tick < ids[1].tick && ids[1].tick < ids[2].tick)
                #expect(Set(ids.map(\.start)).count == 1)
                #expect((first.json["funnel"] as? [String: Any])?["placed"] as? Int == 1)
            }
        }
    }

    @Test("who comes back says where it was, and gets what it missed: not more, not less")
    func comesBack() async throws {
        let analytics = try WatchedAnalytics()
        let now = SystemClock().now()
        for tick in Int64(0)..<20 {
            analytics.dashboard.history.add(RateHistory.Point(tick: tick, at: now, created: tick, settled: 0))
        }
        analytics.dashboard.feed.publish("event: snapshot\n\n")
        try await analytics.serving(ticks: false) { port in
            try await blocking {
                func ticks(_ path: String, _ headers: [String]) throws -> [Int] {
                    let history = try EventStream(port, path, headers: headers).next(named: "history")
                    return try #require(history.json["points"] as? [[String: Any]]).compactMap { $0["tick"] as? Int }
                }
                let start = analytics.dashboard.start
                let all = Array(0..<20)
                let cases: [(path: String, headers: [String], ticks: [Int])] = [
                    ("/events", [], all),
                    ("/events", ["Last-Event-ID: \(start)-16"], [17, 18, 19]),
                    ("/events?after=\(start)-16", [], [17, 18, 19]),
                    ("/events?after=\(start)-3", ["Last-Event-ID: \(start)-16"], [17, 18, 19]),
                    ("/events", ["Last-Event-ID: \(start)-19"], []),
                    // of another process
                    ("/events", ["Last-Event-ID: \(start - 1)-16"], all),
                    ("/events", ["Last-Event-ID: nonsense"], all),
                ]
                for (path, headers, expected) in cases {
                    let found = try ticks(path, headers)
                    #expect(found == expected, "\(path) \(headers)")
                }
            }
        }
    }

    @Test("as many watch as may; one more is told to come back, and finds room when somebody went")
    func bounded() async throws {
        let analytics = try WatchedAnalytics()
        try await analytics.serving(ticks: false) { port in
            try await blocking {
                var streams = try (0..<DashboardFeed.maximumClients).map { _ in
                    let stream = try EventStream(port)
                    _ = try stream.next(named: "history")
                    return stream
                }
                let refused = try RawClient(port).call("GET", "/events")
                expectProblem(refused, 503, "unavailable")
                #expect(refused.headers["retry-after"] == "5")
                streams.removeLast()
                // Who went is noticed by the writes to it.
                while analytics.dashboard.feed.clients == DashboardFeed.maximumClients {
                    analytics.dashboard.feed.publish("event: tick\n\n")
                }
                _ = try EventStream(port).next(named: "history")
            }
        }
    }

    @Test("a client that does not read holds up nobody, and is shown the present once it reads")
    func slow() async throws {
        let analytics = try WatchedAnalytics()
        let published = 300
        try await analytics.serving(ticks: false) { port in
            try await blocking {
                let slow = try EventStream(port)
                let fast = try EventStream(port)
                _ = try fast.next(named: "history")
                let padding = String(repeating: "x", count: 64 * 1024)
                for number in 1...published {
                    analytics.dashboard.feed.publish(
                        ServerSentEvent.text(id: "0-\(number)", event: "snapshot", data: padding))
                    #expect(try fast.next(named: "snapshot").id == "0-\(number)")
                }
                var seen = 0
                var last = ""
                while last != "0-\(published)" {
                    last = try slow.next(named: "snapshot").id ?? ""
                    seen += 1
                }
                #expect(seen < published / 2, "\(seen) frames were kept for a client that did not read")
            }
        }
    }

    @Test("told to stop, the server ends its streams instead of waiting for them")
    func ends() async throws {
        let analytics = try WatchedAnalytics()
        let stream = try await analytics.serving { port in
            try await blocking {
                let stream = try EventStream(port)
                _ = try stream.next(named: "snapshot")
                return stream
            }
        }
        try await blocking {
            do {
                while true { _ = try stream.next() }
            } catch is EventStream.Ended {
                // what is to be: anything else fails the test
            }
        }
    }
}
