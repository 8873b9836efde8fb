import AnalyticsService
import Contracts
import Delivery
import Foundation
import ServiceRuntime
import Testing
import TestSupport

@testable import Web

@Suite("Dashboard: the page and the story of an order", .timeLimit(.minutes(5)))
struct DashboardPageTests {
    @Test("the page and its files are here, forbid what they do not need, and load nothing from elsewhere")
    func files() async throws {
        let analytics = try WatchedAnalytics()
        try await analytics.serving(ticks: false) { port in
            try await blocking { try expectSafePages(port, title: "Stampede dashboard") }
        }
    }

    @Test("the admin port answers as before beside the page, and knows nothing else")
    func besides() async throws {
        let analytics = try WatchedAnalytics()
        try await analytics.serving(ticks: false) { port in
            try await blocking {
                let client = try RawClient(port)
                #expect(try client.call("GET", "/health/live").status == 200)
                for path in [
                    "/assets/", "/assets/..", "/assets/nothing.js", "/orders", "/orders/x", "/api/orders/x", "/x",
                ] {
                    expectProblem(try client.call("GET", path), 404, "not-found", "\(path)")
                }
                for path in ["/", "/assets/theme.css", "/events"] {
                    expectProblem(try client.call("POST", path, body: []), 405, "method-not-allowed", "\(path)")
                }
            }
        }
    }

    @Test("an order's story has its events and no other's, in order, without card and address")
    func story() async throws {
        let analytics = try WatchedAnalytics()
        let order = WatchedAnalytics.newOrder()
        for _ in 0..<50 { try analytics.settle(WatchedAnalytics.newOrder()) }
        try analytics.settle(order)
        for _ in 0..<50 { try analytics.settle(WatchedAnalytics.newOrder()) }
        try analytics.consume()
        try await analytics.serving(ticks: false) { port in
            try await blocking {
                let answer = try RawClient(port).call("GET", "/api/orders/\(order)")
                #expect(answer.status == 200)
                #expect(answer["outcome"] == "confirmed")
                #expect(answer["total", "amount"] == "2500")
                let steps = try #require(answer.json["steps"] as? [[String: Any]])
                try #require(steps.count > 0)
                #expect(
                    steps.map { $0["type"] as? String } == [
                        V1.OrderCreated.type, V1.StockReserved.type, V1.PaymentSucceeded.type, V1.OrderConfirmed.type,
                        V1.NotificationSent.type,
                    ])
                #expect(steps[0]["detail"] as? String == "2 × P-1")
                let text = String(decoding: answer.body, as: UTF8.self)
                #expect(!text.contains(Said.email) && !text.contains(Said.cardToken))
                #expect(answer.json["isWhole"] as? Bool == true)
            }
        }
    }

    @Test("an order on its way says what it waits for; one that nobody placed is unknown")
    func waits() async throws {
        let analytics = try WatchedAnalytics()
        let order = WatchedAnalytics.newOrder()
        try analytics.say(Said.created, of: order, on: .orders)
        try analytics.say(Said.reserved, of: order, on: .inventory)
        try analytics.consume()
        try await analytics.serving(ticks: false) { port in
            try await blocking {
                let client = try RawClient(port)
                let answer = try client.call("GET", "/api/orders/\(order)")
                #expect(answer.json["outcome"] is NSNull)
                #expect(answer["waitsFor"] == "payment: PaymentSucceeded or PaymentFailed")
                expectProblem(
                    try client.call("GET", "/api/orders/\(WatchedAnalytics.newOrder())"), 404, "unknown-order")
            }
        }
    }

    @Test("an order is found in the middle of a long log")
    func longLog() async throws {
        let analytics = try WatchedAnalytics()
        let order = WatchedAnalytics.newOrder()
        let start = Timestamp(microseconds: 1_700_000_000_000_000)
        for number in 0..<9000 {
            let at = start + .seconds(number)
            try analytics.say(Said.stock(1), subject: "P-1", on: .inventory, at: at)
            if number == 4500 {
                try analytics.say(Said.created, of: order, on: .orders, at: at)
                try analytics.say(Said.reserved, of: order, on: .inventory, at: at + .milliseconds(5))
                try analytics.say(Said.rejected, of: order, on: .inventory, at: at + .milliseconds(6))
                try analytics.say(Said.cancelled(.soldOut), of: order, on: .orders, at: at + .milliseconds(9))
            }
        }
        try analytics.consume()
        let facts = try await analytics.sources.reader.read { try OrderFacts(order, $0) }
        let trail = try OrderTrail(of: try #require(facts), in: LogWindow(analytics.log))
        #expect(trail.steps.map(\.type).count == 4)
        #expect(trail.isWhole)
    }
}

/// What every page of the project promises to a browser.
func expectSafePages(_ port: Int, title: String) throws {
    let client = try RawClient(port)
    let page = try client.call("GET", "/")
    let html = String(decoding: page.body, as: UTF8.self)
    #expect(html.contains("<title>\(title)</title>"))
    #expect(page.headers["content-type"] == "text/html; charset=utf-8")
    let policy = try #require(page.headers["content-security-policy"])
    #expect(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"))
    #expect(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains("*"))
    #expect(html.matches(of: #/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/#).isEmpty, "nothing inline")
    let files = html.matches(of: #/(?:src|href)="(/assets/[^"]+)"/#).map { String($0.1) }
    #expect(files.count >= 3)
    #expect(html.matches(of: #/(?:src|href)="(?:https?:)?\/\//#).isEmpty, "nothing from elsewhere")
    try expectFiles(files, client)
    let deep = try client.call("GET", "/orders/018f0000-0000-7000-8000-000000000000")
    #expect(deep.body == page.body)
}

/// The files that a page names, and those that these name in turn.
private func expectFiles(_ first: [String], _ client: RawClient) throws {
    var waiting = first
    var seen: Set<String> = []
    while let path = waiting.popLast() {
        guard seen.insert(path).inserted else { continue }
        let file = try client.call("GET", path)
        #expect(file.status == 200, "\(path)")
        #expect(file.headers["x-content-type-options"] == "nosniff")
        guard path.hasSuffix(".js") else { continue }
        #expect(file.headers["content-type"] == "text/javascript; charset=utf-8")
        let text = String(decoding: file.body, as: UTF8.self)
        for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            let code = text.split(separator: "\n").filter { !$0.trimmingCharacters(in: .whitespaces).hasPrefix("//") }
            let uses = code.filter { $0.contains(word) }
            #expect(uses.isEmpty, "\(path) uses \(word)")
        }
        waiting += text.matches(of: #/from "\./([^"]+)"/#).map { "/assets/\($0.1)" }
    }
}
