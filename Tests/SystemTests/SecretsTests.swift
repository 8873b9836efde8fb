import Contracts
import EventLog
import FileEventLog
import Foundation
import Synchronization
import Testing
import TestSupport

/// A sale in which everything goes wrong that can, told of at full length; and then whatever was written and answered.
@Suite("Who bought what stays with who needs it", .serialized, .timeLimit(.minutes(5)))
struct SecretsTests {
    private static let customers = 30

    @Test("no log, trace, figure, answer or screen holds an address, a name, a card or a token that was sent")
    func sale() async throws {
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data")
            let faults = try write(
                faults: ["inventory": "v1.OrderCreated", "payment": "v1.StockReserved"], in: directory)
            let environment = [
                "STAMPEDE_TRACE_SHARE": "1", "STAMPEDE_LOG_LEVEL": "trace",
                "STAMPEDE_GATEWAY_TIMEOUT_MILLISECONDS": "300",
                "STAMPEDE_GATEWAY_ARGUMENTS":
                    "--error-rate 0.2 --lost-answer-rate 0.1 --delay-milliseconds 1 --jitter-milliseconds 0",
            ]
            let world = World(run)
            try await run.whileUp(options: faults, environment: environment) {
                try await run.stock()
                world.secrets.withLock { $0.add("operator's token", (try? run.operatorToken) ?? "?") }
                try await placeOrders(world)
                try await sendNonsense(world)
                try await lookAtPages(world)
                try await lookAtScreens(world)
            }
            try check(world, run)
        }
    }

    // MARK: - The run

    /// What was sent, and what came back.
    private final class World: Sendable {
        let run: SupervisedRun
        let secrets = Mutex(Secrets())
        let orders = Mutex<[(id: String, token: String)]>([])
        /// Where secrets were found so far.
        let leaks = Mutex<[String]>([])

        init(_ run: SupervisedRun) { self.run = run }

        /// Sends a request, and looks at the answer once all is known that must not stand in it.
        @discardableResult
        func send(
            _ method: String, _ port: Int, _ path: String, key: String? = nil, token: String? = nil, body: String = ""
        ) async -> HTTP.Answer? {
            let answer = await HTTP.send(method, port: run.portBase + port, path, key: key, token: token, body: body)
            if let answer { look(at: answer.text, "\(method) \(path)", but: answer.member("token")) }
            return answer
        }

        /// - Parameter own: the token that belongs there.
        func look(at text: String, _ place: String, but own: String? = nil) {
            let found = secrets.withLock { $0.found(in: text.utf8, but: own) }
            leaks.withLock { $0 += found.map { "\(place): \($0)" } }
        }
    }

    /// - Returns: options of `up`.
    private func write(faults: [String: String], in directory: String) throws -> [String] {
        try faults.flatMap { service, type in
            let file = "\(directory)/\(service).json"
            try Data(#"{"rules":[{"type":"\#(type)","share":0.3,"effect":"throws"}]}"#.utf8)
                .write(to: URL(fileURLWithPath: file))
            return ["--test-faults", "\(service)=\(file)"]
        }
    }

    private func mail(_ number: Int) -> String { "shopper.\(number)@mail\(number).example" }
    private func name(_ number: Int) -> String { "Customer-Name-\(number)-" }
    /// One that the gateway takes, one that it declines, and some that it does not know.
    private func card(_ number: Int) -> String {
        ["tok_visa", "tok_chargeDeclined", "secret-card-\(number)-"][number % 3]
    }

    private func body(_ number: Int, product: String = "P-1") -> String {
        """
        {"customerId":"\(name(number))","email":"\(mail(number))","currency":"GBP","cardToken":"\(card(number))",
         "lines":[{"productId":"\(product)","quantity":1}]}
        """
    }

    /// A third of them while the gateway is down.
    private func placeOrders(_ world: World) async throws {
        for number in 0..<Self.customers {
            world.secrets.withLock {
                $0.add("address of \(number)", mail(number))
                $0.add("name of \(number)", name(number))
                $0.add("card of \(number)", card(number))
            }
        }
        func setGateway(down: Bool) async throws {
            let answer = await world.send(
                "PUT", 90, "/test/faults", token: try world.run.operatorToken, body: #"{"down":\#(down)}"#)
            #expect(answer?.status == 200)
        }
        for number in 0..<Self.customers {
            if number == 10 { try await setGateway(down: true) }
            let answer = try #require(await world.send("POST", 0, "/v1/orders", key: "k-\(number)", body: body(number)))
            let (id, token) = (try #require(answer.member("orderId")), try #require(answer.member("token")))
            world.orders.withLock { $0.append((id, token)) }
            world.secrets.withLock { $0.add("token of order \(number)", token) }
        }
        try await waitUntil("the breaker is open") {
            await HTTP.send("GET", port: world.run.adminPort(of: .payment), "/health/ready")?.status == 503
        }
        try await lookAtPages(world)
        try await setGateway(down: false)
        try await waitUntil("calls are made again") {
            await HTTP.send("GET", port: world.run.adminPort(of: .payment), "/health/ready")?.status == 200
        }
        for (id, token) in world.orders.withLock({ Array($0.prefix(6)) }) {
            await world.send("GET", 0, "/v1/orders/\(id)?wait=1s", token: token)
        }
        for (id, token) in world.orders.withLock({ Array($0.suffix(3)) }) {
            #expect(await world.send("DELETE", 0, "/v1/orders/\(id)", token: token)?.status == 202)
        }
    }

    /// Requests that are refused, with everything in them that must not come back or be written down.
    private func sendNonsense(_ world: World) async throws {
        let orders = world.orders.withLock { $0 }
        try #require(orders.count > 1)
        let (mine, other) = (orders[0], orders[1])
        world.secrets.withLock { $0.add("wrong operator's token", "no-operator-of-this-shop-0123456789") }
        let wrong = "no-operator-of-this-shop-0123456789"
        var statuses: [Int?] = []
        for (key, body) in [
            ("n-1", body(1, product: "P-none")), ("n-2", body(2) + "}"), ("k-3", body(4)),
            ("n-4", body(5).replacingOccurrences(of: "[{", with: "[1,{")),
            ("n-5", body(6).replacingOccurrences(of: "GBP", with: "EUR")), ("n-6", "[" + body(7) + "]"),
            ("n-7", body(8).replacingOccurrences(of: #""quantity":1"#, with: #""quantity":-1"#)), ("", body(9)),
        ] {
            statuses.append(await world.send("POST", 0, "/v1/orders", key: key.isEmpty ? nil : key, body: body)?.status)
        }
        for (method, path) in [
            ("GET", "/v1/orders/\(mine.id)"), ("DELETE", "/v1/orders/\(mine.id)"),
            ("GET", "/storefront/orders/\(mine.id)"),
            ("GET", "/v1/orders/\(mine.id)?token=\(mine.token)&wait=1s"),
        ] {
            statuses.append(await world.send(method, 0, path, token: other.token)?.status)
            statuses.append(await world.send(method, 0, path)?.status)
        }
        for path in ["products", "stock", "pause", "resume", "inject", "dead-letters/retry", "dead-letters/discard"] {
            let port = path == "stock" ? 2 : 1
            statuses.append(await world.send("PUT", port, "/admin/\(path)", token: wrong, body: body(10))?.status)
            statuses.append(await world.send("PUT", port, "/admin/\(path)", body: body(10))?.status)
        }
        statuses.append(await world.send("PUT", 90, "/test/faults", token: wrong, body: body(11))?.status)
        #expect(statuses.allSatisfy { [400, 401, 403, 422].contains($0) }, "\(statuses)")
        // By the operator, and wrong all the same.
        for path in ["products", "pause", "dead-letters/edit", "dead-letters/import"] {
            let answer = await world.send(
                "PUT", 1, "/admin/\(path)", token: try world.run.operatorToken, body: body(12))
            #expect([400, 422].contains(answer?.status), "\(path)")
        }
    }

    private func lookAtPages(_ world: World) async throws {
        for port in 1...5 {
            for path in ["/metrics", "/health/ready", "/health/live", "/admin/status", "/admin/delivery"] {
                let answer = await world.send("GET", port, path)
                #expect([200, 503].contains(answer?.status), "\(path)")
            }
        }
        for path in ["/metrics", "/health/ready", "/test/faults"] { await world.send("GET", 90, path) }
        for path in ["/v1/products", "/storefront/stock"] { await world.send("GET", 0, path) }
        for order in world.orders.withLock({ $0 }) { await world.send("GET", 5, "/api/orders/\(order.id)") }
        let stream = try await runProgram(
            "/usr/bin/env", ["curl", "-sN", "--max-time", "2", "http://127.0.0.1:\(world.run.portBase + 5)/events"])
        #expect(stream.output.contains("event: snapshot"))
        world.look(at: stream.output, "/events")
    }

    /// What an operator sees: names are what they look for, the rest is masked.
    private func lookAtScreens(_ world: World) async throws {
        let data = world.run.data
        var letters: [[String: Any]] = []
        try await waitUntil("Inventory and Payment gave up on some") {
            letters = try await CLI.json("dlq", "list", "--letters", data: data)["letters"] as? [[String: Any]] ?? []
            return Set(letters.compactMap { $0["service"] as? String }).isSuperset(of: ["inventory", "payment"])
        }
        let letter = try #require(letters.first?["eventId"] as? String)
        let orders = world.orders.withLock { $0 }
        try #require(orders.count > 12)
        var screens = [
            ["status"], ["status", "--json"], ["lag"], ["tail", "-n", "500"], ["tail", "-n", "500", "--json"],
            ["orders"],
            ["orders", "--json"], ["orders", "--failed"], ["dlq", "list"], ["dlq", "list", "--json"],
            ["dlq", "show", letter], ["dlq", "show", letter, "--json"], ["pause", "payment"], ["resume", "payment"],
            ["dlq", "retry", "--all"], ["audit"],
        ]
        for order in [orders[0], orders[1], orders[2], orders[12]] {
            screens += [["order", order.id], ["order", order.id, "--json"], ["order", order.id, "--mermaid"]]
        }
        for screen in screens {
            let outcome = try await runProgram(CLI.executable, screen + ["--data", data])
            let text = (outcome.output + outcome.errors + Self.unwrapped(outcome.output))
                .replacing(/Customer-Name-\d+-/, with: "")
            world.look(at: text, "stampede \(screen.joined(separator: " "))")
        }
        let token = try await CLI.run("order-token", orders[3].id, data: data)
        #expect(token.output == orders[3].token + "\n", "who may read the key can help a customer who lost the token")
    }

    /// What stands in a text in base64.
    private static func unwrapped(_ text: String) -> String {
        text.matches(of: /"(?:event|corrected)"\s*:\s*"([^"]+)"/).compactMap { Data(base64Encoded: String($0.1)) }
            .map { String(decoding: $0, as: UTF8.self) }.joined()
    }

    // MARK: - What is left of it

    private func check(_ world: World, _ run: SupervisedRun) throws {
        #expect(world.leaks.withLock { $0 } == [], "an answer or a screen tells")
        let secrets = world.secrets.withLock { $0 }
        #expect(secrets.count == 4 * Self.customers + 2)
        for folder in ["logs", "traces", "run"] {
            #expect(try secrets.found(inFilesOf: "\(run.data)/\(folder)") == [], "\(folder) tells")
        }
        try checkCards(run)
        for name in SupervisedRun.services {
            for line in run.log(name).textLines where !line.hasPrefix("ERROR: Cannot schedule tasks on an EventLoop") {
                #expect((try? CLI.object(line)) != nil, "\(name) writes a line that is no JSON: \(line)")
            }
        }
        // And it would have been seen.
        for (number, text) in ["to \(mail(3))", "name=\(name(4))", "?t=\(world.orders.withLock { $0[5].token })"]
            .enumerated()
        {
            let planted = "\(run.data)/logs/planted-\(number).log"
            try Data(text.utf8).write(to: URL(fileURLWithPath: planted))
            #expect(try secrets.found(inFilesOf: "\(run.data)/logs").count == 1, "\(text)")
            try FileManager.default.removeItem(atPath: planted)
        }
    }

    /// A card leaves the log's `orders` and `inventory` for Payment alone.
    private func checkCards(_ run: SupervisedRun) throws {
        var cards = Secrets()
        for number in 0..<Self.customers { cards.add("card of \(number)", card(number)) }
        for service in ["notification", "analytics"] {
            #expect(try cards.found(inFilesOf: "\(run.data)/db/\(service)") == [], "\(service) keeps cards")
        }
        let log = FileEventLog(ofRun: run.data)
        let topics = ServiceName.allCases.flatMap { [$0.topic, $0.deadLetterTopic] }
        var wrapped: [Envelope] = []
        for topic in topics where topic != .orders && topic != .inventory {
            guard let events = try? log.events(of: topic) else { continue }  // nothing ever lay dead there
            for bytes in events {
                #expect(cards.found(in: bytes) == [], "\(topic) tells")
                let event = try EventCoding.decode(bytes)
                guard event.type == V1.EventDeadLettered.type else { continue }
                let letter = try V1.EventDeadLettered.decoded(from: event.data)
                #expect(cards.found(in: letter.event) == [], "\(topic) wraps")
                wrapped.append(try EventCoding.decode(letter.event))
            }
        }
        let types = Set(wrapped.map(\.type))
        #expect(types.isSuperset(of: ["v1.OrderCreated", "v1.StockReserved"]), "what lay dead: \(types)")
    }
}
