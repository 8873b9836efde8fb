import Contracts
import Delivery
import Foundation

/// What the other services say of their delivery, once a second while somebody watches.
///
/// Asked over their admin ports: a service's database is its own. One that does not answer keeps its last answer, which
/// grows old and is shown with its age.
struct DeliverySurvey {
    struct Answer: Sendable {
        let summary: DeliverySummary
        let at: Timestamp
        let isLatest: Bool
    }

    /// Of one question: a service that hangs makes nobody wait.
    private static let patience = Duration.milliseconds(500)

    private let clients: [ServiceName: PooledHTTPClient]
    private(set) var answers: [ServiceName: Answer] = [:]
    /// Of those that answered the latest question.
    private(set) var statuses: [ServiceName: AnsweredStatus] = [:]

    /// - Parameter ports: admin ports of the services to ask.
    init(ports: [ServiceName: Int], hosts: ServiceHosts = .loopback) {
        clients = ports.reduce(into: [:]) { clients, place in
            clients[place.key] = PooledHTTPClient(
                host: hosts.host(of: place.key), port: place.value, connections: 1, timeout: Self.patience)
        }
    }

    var services: [ServiceName] { ServiceName.allCases.filter { clients[$0] != nil } }

    mutating func ask(at now: Timestamp) async {
        let found = await withTaskGroup(of: (ServiceName, DeliverySummary?, AnsweredStatus?).self) {
            group -> [ServiceName: (DeliverySummary?, AnsweredStatus?)] in
            for (service, client) in clients {
                group.addTask {
                    let summary = await Self.ask(service, client)
                    // A service that hangs is not waited for twice.
                    let status: AnsweredStatus? = summary == nil ? nil : await Self.ask(client, ServiceStatus.path)
                    return (service, summary, status?.service == service ? status : nil)
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = ($1.1, $1.2) }
        }
        statuses = found.compactMapValues(\.1)
        for service in clients.keys {
            if let summary = found[service]?.0 {
                answers[service] = Answer(summary: summary, at: now, isLatest: true)
            } else if let last = answers[service] {
                answers[service] = Answer(summary: last.summary, at: last.at, isLatest: false)
            }
        }
    }

    private static func ask(_ service: ServiceName, _ client: PooledHTTPClient) async -> DeliverySummary? {
        let summary: DeliverySummary? = await ask(client, DeliveryPage.path)
        return summary?.service == service ? summary : nil
    }

    /// Whatever goes wrong, it is the same: no answer.
    private static func ask<Answer: Decodable>(_ client: PooledHTTPClient, _ path: String) async -> Answer? {
        guard let answer = try? await client.get(path), answer.status == 200 else { return nil }
        return try? JSONDecoder().decode(Answer.self, from: Data(answer.body))
    }
}
