import Contracts
import NIOCore
import NIOHTTP1

/// What only a running service knows of itself: `GET /admin/status`.
struct LiveStatus: Sendable {
    struct Part: Sendable {
        let part: String
        let reason: String
    }

    /// Parts that wait for disk, database or log to heal.
    let standing: [Part]
    /// `state`, `since`, `reason`; null where the service has none.
    let breaker: JSONValue
    /// Calls to the outside that are made again: `key`, `attempts`, `error`, `nextAt`.
    let retries: [JSONValue]
    let testFaults: Bool

    static let timeLimit = TimeAmount.milliseconds(500)

    /// Nil where the service does not answer in time: a status does not wait for whoever hangs.
    static func ask(_ service: ServiceName, at place: ServicePlace) -> LiveStatus? {
        let request = LoopbackHTTP.Request(method: .GET, path: "/admin/status")
        guard let answer = try? LoopbackHTTP.send(request, to: place, within: timeLimit), answer.status == 200,
            let json = JSONValue.parse(answer.body), json["service"]?.text == service.rawValue
        else { return nil }
        return LiveStatus(
            standing: (json["standing"]?.elements ?? []).map { part in
                Part(part: part["part"]?.text ?? "?", reason: part["reason"]?.text ?? "?")
            },
            breaker: json["breaker"] ?? .null, retries: json["retries"]?.elements ?? [],
            testFaults: json["testFaults"] == .bool(true))
    }
}
