import Contracts
import Foundation

/// Sends letters to the services that own them, some at a time.
struct LetterWork {
    let run: RunDirectory
    /// Letters a second; nil for as fast as the services are.
    var rate: Double?

    /// Letters in one request: one transaction of the service's.
    static let maximumItems = 64
    /// With a rate, requests a second at most.
    private static let burstsPerSecond = 10.0

    /// - Parameter body: the request's JSON from the letters' ids.
    func perform(
        _ action: String, on letters: [DeskLetter], _ results: LetterResults, _ body: ([JSONValue]) -> JSONValue
    ) {
        let start = ContinuousClock.now
        var sent = 0
        for service in ServiceName.allCases {
            let mine = letters.filter { $0.service == service }
            guard !mine.isEmpty else { continue }
            do {
                let client = try OperatorClient(service, run)
                for first in stride(from: 0, to: mine.count, by: chunk) {
                    wait(until: sent, since: start)
                    let ids = mine[first..<min(first + chunk, mine.count)].map { $0.id.description }
                    results.add(service, try client.put(action, body(ids.map(JSONValue.string))))
                    sent += ids.count
                }
            } catch {
                results.problem("\(error)")
            }
        }
    }

    private var chunk: Int {
        guard let rate else { return Self.maximumItems }
        return max(1, min(Self.maximumItems, Int(min(rate, 1e6) / Self.burstsPerSecond)))
    }

    private func wait(until sent: Int, since start: ContinuousClock.Instant) {
        guard let rate else { return }
        let due = start + .seconds(Double(sent) / rate)
        let wait = ContinuousClock.now.duration(to: due)
        guard wait > .zero else { return }
        let (seconds, attoseconds) = wait.components
        Thread.sleep(forTimeInterval: Double(seconds) + Double(attoseconds) / 1e18)
    }
}
