import Contracts
import Delivery
import EventLog
import FileEventLog
import Foundation
import GRDB
import ServiceRuntime

/// One shop over real files: customers, an operator and onlookers at once, and the services stopped and started in the
/// middle of it, until every number is closed.
///
/// *Guarantee*: it ends well only where each number was placed, held or given up, returned and closed once, the log holds
/// what the databases say, and every count that the services export agrees with both.
final class DeliveryRound: Sendable {
    private let numbers: Int
    private let findings: Findings
    private let place: Workplace
    private let threads: ShopLife.Threads
    private let log: FileEventLog
    private let weather = Weather()
    private let outside: Outside
    private let tally: Tally

    /// Lives of the services, the last one until all is done.
    private static let lives = 3
    /// In seconds; what takes longer hangs.
    private static let limit = 300.0

    init(numbers: Int, findings: Findings, tally: Tally, threads: ShopLife.Threads) throws {
        self.numbers = numbers
        self.findings = findings
        self.tally = tally
        self.threads = threads
        outside = Outside(findings)
        place = try Workplace("stress-shop")
        let clock = SystemClock()
        log = FileEventLog(
            directory: place.path + "/log", options: .init(segmentBytes: 256 << 10, zeroAheadBytes: 0),
            now: { clock.now() },
            randomBytes: { count in (0..<count).map { _ in UInt8.random(in: .min ... .max) } })
    }

    func run() async throws {
        defer { place.clearAway() }
        var next = 1
        for number in 1...Self.lives where findings.isEmpty {
            let isLast = number == Self.lives
            let end = isLast ? numbers + 1 : next + numbers / Self.lives
            if isLast { weather.mend() }
            try await live(next..<end, untilDone: isLast)
            next = end
        }
        if findings.isEmpty { try await checkEnd() }
        findings.expect(place.leftOpen().isEmpty, "still open: \(place.leftOpen().joined(separator: ", "))")
    }

    // MARK: - A life

    private func live(_ range: Range<Int>, untilDone: Bool) async throws {
        let life = try ShopLife(in: place.path, log: log, weather: weather, outside: outside, threads: threads)
        let isOver = Flag()
        let others = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.operate(life, isOver) }
                for service in [life.order, life.inventory] {
                    group.addTask { try await self.look(at: service, isOver) }
                }
                try await group.waitForAll()
            }
        }
        await submit(range, to: life.commands)
        if untilDone { try await settle(life) }
        // In the last life those who ask stop first; in the others they are cut off in mid-question.
        if untilDone {
            isOver.set()
            try await others.value
        }
        try await life.stop()
        isOver.set()
        try await others.value
    }

    /// Many customers at once; whoever is refused asks again.
    private func submit(_ range: Range<Int>, to commands: ShopLife.Commands) async {
        let ticket = Ticket(range.lowerBound)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<96 {
                group.addTask { [self] in
                    while findings.isEmpty {
                        let number = ticket.take()
                        guard number < range.upperBound else { return }
                        await submit(number, to: commands)
                    }
                }
            }
        }
    }

    private func submit(_ number: Int, to commands: ShopLife.Commands) async {
        while findings.isEmpty {
            do {
                let reply = try await commands.submit(number)
                findings.expect(reply == number, "the command for \(number) was answered with \(reply)")
                tally.expect(1, of: .commands, .order)
                return
            } catch is CommandUnavailable {
                await Task.yield()  // the queue is full
            } catch {
                findings.add("the command for \(number): \(error)")
            }
        }
    }

    /// Tries the letters again and gives up on some; now and then lets the consumer pause.
    private func operate(_ life: ShopLife, _ isOver: Flag) async throws {
        guard let actor = Actor("stress") else { return }
        let service = life.inventory
        while !isOver.isSet {
            let letters = try await service.reader.read { db in
                try Data.fetchAll(db, sql: "SELECT event_id FROM dead_letters WHERE state = 'open' LIMIT 32")
            }.compactMap { EventID(bytes: $0) }
            let givenUp = letters.count / 4
            do {
                note(try await service.operators.submit(.retry(Array(letters.dropFirst(givenUp)), by: actor)))
                note(
                    try await service.operators.submit(
                        .discard(Array(letters.prefix(givenUp)), reason: "stress", by: actor)))
                _ = try await service.operators.submit(.pause(reason: "stress", by: actor))
                try await Task.sleep(for: .milliseconds(1))
                _ = try await service.operators.submit(.resume(by: actor))
            } catch is CommandUnavailable {
                // The service is stopping; a pause that it died in is ended in its next life.
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// What was retried at the desk stands in the inbox, and is none of the consumer's events.
    private func note(_ reply: OperatorReply) {
        guard case .letters(let outcomes) = reply else { return findings.add("the desk answers: \(reply)") }
        for outcome in outcomes {
            switch outcome.outcome {
            case .applied: tally.expect(-1, of: .handled, .inventory)
            case .discarded, .failed: break
            default: findings.add("letter \(outcome.eventID): \(outcome.outcome), \(outcome.detail ?? "")")
            }
        }
    }

    /// What metrics, health and the console read, while the service works.
    private func look(at service: RunningService, _ isOver: Flag) async throws {
        while !isOver.isSet {
            findings.expect(
                PrometheusRegistry.shared.text().contains("# TYPE stampede_consumer_handled_events_total counter"),
                "the metrics do not count events")
            let standing = service.node.standing
            findings.expect(
                standing.parts.allSatisfy { $0.part.hasPrefix("calls to") },
                "\(service.node.card.name.rawValue) stands: \(standing.parts)")
            _ = standing.pause
            _ = standing.circuitBreakers
            _ = try await service.reader.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM inbox") }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    // MARK: - The end

    /// Waits until nothing is open any more.
    private func settle(_ life: ShopLife) async throws {
        let limit = ContinuousClock.now + .seconds(Self.limit)
        while findings.isEmpty {
            let closed = try await count("SELECT count(*) FROM orders WHERE closed > 0", life.order.reader)
            let open = try await count(Self.openAtInventory, life.inventory.reader)
            let unsent =
                try await count(Self.unsentTopics, life.order.reader)
                + count(Self.unsentTopics, life.inventory.reader)
            if closed == numbers, open == 0, unsent == 0 { return }
            guard ContinuousClock.now < limit else {
                return findings.add("after \(Self.limit) s \(closed) of \(numbers) are closed, \(open) open")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private static let openAtInventory = """
        SELECT (SELECT count(*) FROM dead_letters WHERE state = 'open') + (SELECT count(*) FROM parked)
            + (SELECT count(*) FROM intents WHERE state = 'open')
        """
    private static let unsentTopics = "SELECT count(*) FROM outbox_topics WHERE next_sequence > published_sequence + 1"

    private func checkEnd() async throws {
        let orders = try ServiceRuntime.DatabaseReader(path: place.path + "/order.db")
        let shelf = try ServiceRuntime.DatabaseReader(path: place.path + "/inventory.db")
        try await expect(
            0, orders, "orders not placed, noted, returned and closed once, or held more than once",
            "SELECT count(*) FROM orders WHERE (placed, noted, returned, closed) != (1, 1, 1, 1) OR held > 1")
        try await expect(numbers, orders, "orders", "SELECT count(*) FROM orders")
        try await expect(
            numbers, shelf, "numbers noted and returned once, and held once unless they were given up",
            """
            SELECT count(*) FROM shelf WHERE noted = 1 AND returned = 1 AND held = (SELECT count(*) = 0 FROM dead_letters
                WHERE dead_letters.subject = shelf.subject AND state = 'discarded')
            """)
        findings.expect(
            outside.most <= Outside.concurrency,
            "\(outside.most) calls at a time, at most \(Outside.concurrency) may be")
        for (service, reader) in [(ServiceName.order, orders), (.inventory, shelf)] {
            for topic in [service.topic, service.deadLetterTopic] {
                tally.expect(try checkTopic(topic), of: .published, service, topic)
            }
            tally.expect(try await count("SELECT count(*) FROM inbox", reader), of: .handled, service)
            tally.expect(try await count("SELECT count(*) FROM dead_letters", reader), of: .deadLetters, service)
        }
    }

    private func expect(_ wanted: Int, _ reader: ServiceRuntime.DatabaseReader, _ what: String, _ sql: String)
        async throws
    {
        let found = try await count(sql, reader)
        findings.expect(found == wanted, "\(what): \(found), not \(wanted)")
    }

    private func count(_ sql: String, _ reader: ServiceRuntime.DatabaseReader) async throws -> Int {
        try await reader.read { try Int.fetchOne($0, sql: sql) ?? 0 }
    }

    /// Each event of a topic has an id of its own; returns how many there are.
    private func checkTopic(_ topic: Topic) throws -> Int {
        for fault in try log.verify(topic).faults { findings.add("\(topic): \(fault)") }
        let reader = try log.openReader(of: topic, from: nil)
        defer { reader.close() }
        var ids: Set<EventID> = []
        var count = 0
        while true {
            let events = try reader.read(maximumEvents: 1024, maximumBytes: 1 << 20)
            if events.isEmpty { break }
            for event in events { ids.insert(try EventCoding.id(of: event.bytes)) }
            count += events.count
        }
        findings.expect(ids.count == count, "\(topic): \(count) events have \(ids.count) ids")
        return count
    }
}
