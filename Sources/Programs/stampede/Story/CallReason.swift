import Contracts

/// Why a call to the outside has no final answer yet.
struct CallReason {
    let call: JSONValue
    let condition: ServiceCondition
    let now: Timestamp

    private var key: String { call["key"]?.text ?? "a call" }
    private static let start = "Scripts/supervisor start gateway"
    private var isMail: Bool { call["kind"]?.text == "mail" || key.hasPrefix("mail:") }

    var reason: WaitingReason {
        let since = call["recordedAt"]?.text.flatMap { Timestamp($0) }
        let age = since.map { ", on record for \(Words.duration(microseconds: max(0, (now - $0).microseconds)))" }
        let deadline = call["deadline"]?.text.flatMap { Timestamp($0) }.map { ", given up at \(Words.clock($0))" }
        let words =
            (isMail ? "the message \(key) is not delivered yet" : "no final answer to \(key) yet")
            + (age ?? "") + (deadline ?? "")
        if !condition.isRunning {
            return WaitingReason(.down, "\(words); \(condition.program) \(condition.absence)", type: condition.start)
        }
        if let breaker = breaker { return breaker.after(words) }
        if !isMail, !condition.gatewayRuns {
            return WaitingReason(
                .gatewayDown, "\(words); payment-gateway is not running here", type: Self.start)
        }
        if let retry = condition.live?.retries.first(where: { $0["key"]?.text == key }) {
            let next = retry["nextAt"]?.text.flatMap { Timestamp($0) }.map { ", again at \(Words.clock($0))" } ?? ""
            return WaitingReason(
                isMail ? .mailOpen : .callOpen,
                "\(words); \(Words.counted(retry["attempts"]?.whole ?? 1, "attempt")) without one\(next): "
                    + (retry["error"]?.text ?? "no reason given"))
        }
        let standing = (condition.live?.standing ?? []).map { "; \($0.part) stands: \($0.reason)" }.joined()
        return WaitingReason(isMail ? .mailOpen : .callOpen, words + standing)
    }

    private var breaker: WaitingReason? {
        guard let breaker = condition.live?.breaker, let state = breaker["state"]?.text, state != "closed" else {
            return nil
        }
        let since = breaker["since"]?.text.flatMap { Timestamp($0) }.map { " since \(Words.clock($0))" } ?? ""
        return WaitingReason(
            .breakerOpen,
            "the breaker to \(breaker["name"]?.text ?? "the other side") is \(state == "open" ? "open" : "half open")\(since): "
                + (breaker["reason"]?.text ?? "it does not answer"),
            commands: condition.gatewayRuns || isMail ? [] : [Self.start])
    }
}
