import Contracts
import EventLog
import FileEventLog
import Foundation
import Synchronization

/// How many events each service has yet to read: where it stands, as it says itself, against the ends of its topics.
///
/// Never below zero: the ends are read after the answer. A service that gives none within a second has no lag that could be
/// told, and is left out.
final class LagProbe: Sendable {
    static let interval = Duration.seconds(1)
    static let timeoutSeconds = 1

    private let log: FileEventLog
    private let settings: ServiceSettings
    private let known = Mutex<[String: Int]>([:])

    init(data: String, settings: ServiceSettings) {
        log = FileEventLog(
            directory: data + "/log", now: { Timestamp(microseconds: 0) },
            randomBytes: { Array(repeating: 0, count: $0) })
        self.settings = settings
    }

    /// By service, as seen last.
    var lag: [String: Int] { known.withLock { $0 } }

    /// Looks once a second until the task is cancelled.
    func follow() async {
        while (try? await Task.sleep(for: Self.interval)) != nil {
            let seen = await look()
            known.withLock { $0 = seen }
        }
    }

    private func look() async -> [String: Int] {
        await withTaskGroup(of: (ServiceName, [Delivery.Reading]?).self) { group in
            for service in ServiceName.allCases {
                group.addTask { (service, try? await self.positions(of: service)) }
            }
            var lag: [String: Int] = [:]
            for await (service, positions) in group {
                // Not to be told: the line has a gap there.
                lag[service.rawValue] = positions.flatMap { try? behind($0) }
            }
            return lag
        }
    }

    /// What a service says of itself on `GET /admin/delivery`.
    private struct Delivery: Decodable {
        struct Reading: Decodable, Sendable {
            var topic: String
            var nextOffset: Int
        }

        var positions: [Reading]
    }

    private func positions(of service: ServiceName) async throws -> [Delivery.Reading] {
        let port = settings.adminPort(of: service)
        let answer = try await SingleExchange.send(
            CheckoutRequest.get("/admin/delivery", port: port), to: port, of: settings.hosts.host(of: service),
            within: Self.timeoutSeconds)
        return try JSONDecoder().decode(Delivery.self, from: Data(answer.body)).positions
    }

    private func behind(_ positions: [Delivery.Reading]) throws -> Int {
        try positions.reduce(0) { sum, position in
            let reader = try log.openReader(of: Topic(position.topic), from: nil)
            defer { reader.close() }
            return sum + max(0, Int(try reader.end()) - position.nextOffset)
        }
    }
}
