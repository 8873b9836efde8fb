import Synchronization

/// What the gateway counts, and its text for Prometheus.
final class Counters: Sendable {
    /// How a call to the API ended.
    enum Ending: String, CaseIterable, Sendable {
        case captured, declined, voided, refunded, replayed, known, refused
        /// Answered 5xx: by `errorRate`, `down`, too many waiting, or a failed commit.
        case failed
        /// Decided, then cut off.
        case lost

        init(_ outcome: Decision.Outcome) {
            self =
                switch outcome {
                case .captured: .captured
                case .declined: .declined
                case .voided: .voided
                case .refunded: .refunded
                case .replayed: .replayed
                case .known: .known
                case .refused: .refused
                }
        }
    }

    private struct State {
        var endings = [Ending: Int](uniqueKeysWithValues: Ending.allCases.map { ($0, 0) })
        var captures = 0
        var refunds = 0
        var declines = 0
        var voids = 0
        var commits = 0
        var decisions = 0
        var inFlight = 0
    }

    private let state = Mutex(State())

    func countStart() {
        state.withLock { $0.inFlight += 1 }
    }

    func countEnd(_ ending: Ending) {
        state.withLock { state in
            state.inFlight -= 1
            state.endings[ending, default: 0] += 1
        }
    }

    func countCommit(_ decisions: [Decision]) {
        state.withLock { state in
            state.commits += 1
            state.decisions += decisions.count
            for decision in decisions {
                switch decision.outcome {
                case .captured: state.captures += 1
                case .refunded: state.refunds += 1
                case .declined: state.declines += 1
                case .voided: state.voids += 1
                case .replayed, .known, .refused: break
                }
            }
        }
    }

    /// Prometheus text format 0.0.4.
    func text(waiting: Int) -> String {
        let state = state.withLock { $0 }
        var lines: [String] = []
        func family(_ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: Int)]) {
            lines.append("# HELP \(name) \(help)")
            lines.append("# TYPE \(name) \(type)")
            lines += samples.map { "\(name)\($0.labels) \($0.value)" }
        }
        family(
            "payment_gateway_requests_total", "counter", "Calls to the API by how they ended.",
            Ending.allCases.map { ("{outcome=\"\($0.rawValue)\"}", state.endings[$0] ?? 0) })
        for (name, help, value) in [
            ("captures", "Captures written to the ledger.", state.captures),
            ("refunds", "Refunds written to the ledger.", state.refunds),
            ("declines", "Charges declined.", state.declines),
            ("voids", "Keys voided before anything was captured under them.", state.voids),
            ("commits", "Transactions committed.", state.commits),
            ("decisions", "Commands decided in those transactions.", state.decisions),
        ] {
            family("payment_gateway_\(name)_total", "counter", help, [("", value)])
        }
        family("payment_gateway_in_flight", "gauge", "Calls being worked on or waiting.", [("", state.inFlight)])
        family("payment_gateway_waiting", "gauge", "Calls waiting to be worked on.", [("", waiting)])
        return lines.joined(separator: "\n") + "\n"
    }
}
