import Contracts
import Foundation
import Testing
import TestSupport

/// A small shop that records every trace and writes every message of its log, and what can be seen of its orders.
@Suite("What a shop tells of itself", .serialized, .timeLimit(.minutes(5)))
struct TelemetryTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let caller = "00f067aa0ba902b7"
    private static let customers = 12

    private static let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test("one order is one tree from the request to the mail; nobody is named; Prometheus reads the metrics")
    func everything() async throws {
        try await withTemporaryDirectory { directory in
            let collector = try await FakeCollector(in: directory)
            let run = try SupervisedRun(data: directory + "/data")
            let environment = [
                "STAMPEDE_TRACE_SHARE": "1", "STAMPEDE_TRACE_COLLECTOR": "http://127.0.0.1:\(collector.port)",
                "STAMPEDE_LOG_LEVEL": "debug",
            ]
            try await run.whileUp(environment: environment) {
                try await run.stock()
                let traced = try await order(run, 0, more: ["-H", "traceparent: 00-\(Self.trace)-\(Self.caller)-01"])
                for number in 1..<Self.customers { _ = try await order(run, number) }
                let spans = try await wholeTrace(collector)
                check(spans, of: traced)
                try await checkMetrics(run)
            }
            try checkLogs(run)
        }
    }

    // MARK: - Orders

    private func mail(_ number: Int) -> String { "shopper.\(number)@mail\(number).example" }
    private func name(_ number: Int) -> String { "Customer-Name-\(number)" }
    /// One that the gateway takes, one that it declines, and some that it does not know.
    private func token(_ number: Int) -> String {
        ["tok_visa", "tok_chargeDeclined", "secret-card-\(number)"][number % 3]
    }

    /// - Returns: the order's id, once it has its outcome.
    private func order(_ run: SupervisedRun, _ number: Int, more: [String] = []) async throws -> String {
        let body = """
            {"customerId":"\(name(number))","email":"\(mail(number))","currency":"GBP","cardToken":"\(token(number))",
             "lines":[{"productId":"P-1","quantity":1}]}
            """
        let arguments =
            [
                "-sS", "-H", "Idempotency-Key: k-\(number)", "-H", "Content-Type: application/json", "--data-binary",
                body,
            ]
            + more + ["http://127.0.0.1:\(run.portBase)/v1/orders"]
        let outcome = try await runProgram("/usr/bin/env", ["curl"] + arguments)
        let accepted = try CLI.object(outcome.output)
        let id = accepted["orderId"] as? String
        let order = try #require(id, "\(outcome.output)\(outcome.errors)")
        let answer = await HTTP.send(
            "GET", port: run.portBase, "/v1/orders/\(order)?wait=20s", token: accepted["token"] as? String)
        #expect(answer?.member("status") != "pending", "order \(number) is not settled")
        return order
    }

    // MARK: - Traces

    /// The spans of the traced order, when the customer was told and everybody has heard of it.
    private func wholeTrace(_ collector: FakeCollector) async throws -> [FakeCollector.Span] {
        var spans: [FakeCollector.Span] = []
        try await waitUntil("the whole trace is at the collector") {
            spans = try collector.spans(of: Self.trace)
            // The request, five events sent, nine times one handled, one call.
            return spans.count >= 16
        }
        return spans
    }

    private func check(_ spans: [FakeCollector.Span], of order: String) {
        let ids = Set(spans.map(\.id))
        #expect(ids.count == spans.count, "each span was sent once")
        let roots = spans.filter { !ids.contains($0.parent ?? "") }
        #expect(roots.map(\.name) == ["POST /v1/orders"], "everything hangs below the request")
        #expect(roots.first?.parent == Self.caller)
        #expect(roots.first?.attributes["http.response.status_code"] == "202")

        func names(_ service: String) -> [String] { spans.filter { $0.service == service }.map(\.name).sorted() }
        #expect(names("order-service") == ["POST /v1/orders", "process payments", "send orders", "send orders"])
        #expect(names("inventory-service") == ["process orders", "send inventory"])
        #expect(names("payment-service") == ["charge", "process inventory", "send payments"])
        #expect(names("notification-service") == ["process orders", "send notifications"])
        #expect(names("analytics-service").count == 5, "it hears of every event once")

        for span in spans where span.name.hasPrefix("process ") {
            #expect(span.links.count == 1 && ids.contains(span.links[0]), "\(span.name) is linked to the sending")
        }
        for span in spans where span.name != "POST /v1/orders" {
            #expect(
                span.attributes["messaging.message.conversation_id"] == order, "\(span.name) is of one conversation")
        }
    }

    // MARK: - Metrics

    private func checkMetrics(_ run: SupervisedRun) async throws {
        for service in ServiceName.allCases {
            let answer = try #require(await HTTP.send("GET", port: run.adminPort(of: service), "/metrics"))
            let text = String(decoding: answer.body, as: UTF8.self)
            let needed = [
                "stampede_consumer_lag_seconds{", "messaging_process_duration_seconds_bucket{",
                "process_cpu_seconds_total{",
            ]
            for name in needed {
                #expect(text.contains("\n\(name)"), "\(service.rawValue) does not tell \(name)")
            }
            #expect(personal().allSatisfy { !text.contains($0) })
            #expect(text.textLines.count < 1000, "how much there is does not grow with the orders")
            guard let promtool = Self.promtool else { continue }
            let file = "\(run.data)/metrics.txt"
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            let check = try await runProgram("/bin/sh", ["-c", "\(promtool) check metrics < '\(file)'"])
            #expect(check.status == 0, "\(service.rawValue): \(check.output)\(check.errors)")
        }
        let payment = try await run.metrics(of: .payment)
        #expect(payment["gateway_calls_total"] ?? 0 >= Double(Self.customers))
        let analytics = try await run.metrics(of: .analytics)
        #expect(analytics["orders"] == Double(Self.customers))
    }

    // MARK: - Logs

    /// What must stand in no log: mail addresses, names and cards of all who ordered.
    private func personal() -> [String] { (0..<Self.customers).flatMap { [mail($0), name($0), token($0)] } }

    private func checkLogs(_ run: SupervisedRun) throws {
        let files = ["logs", "traces"].flatMap { folder in
            ((try? FileManager.default.contentsOfDirectory(atPath: "\(run.data)/\(folder)")) ?? [])
                .map { "\(run.data)/\(folder)/\($0)" }
        }
        #expect(files.count >= 11, "six logs and five files of spans, not \(files)")
        for file in files {
            let text = try String(contentsOfFile: file, encoding: .utf8)
            for secret in personal() { #expect(!text.contains(secret), "\(file) names \(secret)") }
        }
        for service in ServiceName.allCases {
            let lines = run.log("\(service.rawValue)-service").textLines
            // What SwiftNIO prints by itself, at a stop, is not the service's to write.
            for line in lines where !line.hasPrefix("ERROR: Cannot schedule tasks on an EventLoop") {
                #expect((try? CLI.object(line)) != nil, "\(service.rawValue) writes a line that is no JSON: \(line)")
            }
            let handled = lines.compactMap { try? CLI.object($0) }.filter {
                $0["message"] as? String == "an event was handled"
            }
            #expect(!handled.isEmpty, "\(service.rawValue) tells of no event")
            for line in handled {
                let missing = ["eventId", "orderId", "correlationId", "topic", "offset"].filter { line[$0] == nil }
                #expect(missing.isEmpty || line["subject"] != nil, "\(line) lacks \(missing)")
            }
        }
    }
}
