import Contracts
import Foundation

/// The report of a run, as `--json FILE` writes it. Keys are documented in docs/reference/flash-sale-report.md.
///
/// `offered = accepted + Σ refused + gaveUp + notSent`, and `accepted = Σ outcomes`: nobody vanishes.
struct Report: Codable, Sendable, Equatable {
    static let currentSchemaVersion = 1

    /// Grows when a key changes its meaning or goes; new keys may come at any time.
    var schemaVersion = currentSchemaVersion
    /// `run` or `replay`.
    var kind: String
    /// Names the run in idempotency keys and journals.
    var run: String
    var settings: Settings
    /// Shoppers of the schedule; invoices to place in a replay.
    var offered: Int
    /// 202 and journal line on disk.
    var accepted: Int
    /// Final refusals by reason: status and title of the answer.
    var refused: [String: Int]
    /// The first answers of some reasons.
    var refusedSamples: [String: String]
    /// Patience ran out after at least one request.
    var gaveUp: Int
    /// Patience ran out before any request; above 0 the verdict is never VALID.
    var notSent: Int
    /// Accepted orders by their current outcome; `pending` have none yet.
    var outcomes: [String: Int]
    var latencyMilliseconds: Latencies
    /// The same latencies, drawn out.
    var distribution: Distribution
    var seconds: Seconds
    /// How the run went, a moment after the other.
    var timeline: [Moment]
    /// Services that were not there for a while, or came back as another process.
    var interruptions: [Interruption]
    /// Settled orders over the time from the start to the last outcome.
    var settledPerSecond: Double
    /// Most TCP connections that stood at one instant, over all workers, looked at every 10 ms.
    var peakConnections: Int
    /// Connects tried again after one that failed.
    var connectRetries: Int
    /// Requests sent again, same key, because the connection ended without an answer.
    var lostAnswers: Int
    /// Answers 503, each of which was followed by another try or by giving up.
    var unavailable: Int
    /// By service: what its processes used during the run.
    var services: [String: ServiceUsage]
    var generator: Generator
    /// Processor time of services and generator together, over accepted orders.
    var cpuMicrosecondsPerOrder: Double
    var replay: ReplayReport?
    /// What `stampede audit --json` printed; null where there was no audit.
    var audit: JSONValue?
    /// Every reason why the verdict is not VALID, in words, and orders without outcome.
    var remarks: [String]
    /// What dead letters hold up, by the audit.
    var heldUp: Held
    var verdict: Verdict

    /// What the verdict is said with: `VALID  3 orders held up by 2 dead letters`.
    var verdictLine: String {
        let held = HeldUp(orders: heldUp.orders, holding: heldUp.holding, deadLetters: heldUp.deadLetters)
        return ([verdict.rawValue] + [held.text].compactMap(\.self)).joined(separator: "  ")
    }

    struct Held: Codable, Sendable, Equatable {
        var orders: Int
        /// Dead letters that hold those orders up.
        var holding: Int
        /// All open ones.
        var deadLetters: Int
    }

    /// What the run was asked for.
    struct Settings: Codable, Sendable, Equatable {
        var seed: UInt64?
        var arrivalSeconds: Double
        var products: Int
        /// `all`, or the number asked for.
        var stock: String
        var declineShare: Double?
        var patienceSeconds: Double
        var cores: Int
    }

    struct Latencies: Codable, Sendable, Equatable {
        /// From the intended first send to the 202, retries included.
        var accept: Percentiles
        /// From the actual first send to the 202: what would be told if the generator's own delay were left out.
        var acceptFromSend: Percentiles
        /// From the intended first send to the time of the outcome's event.
        var settle: Percentiles
        /// From the intended to the actual first send: how late the generator was.
        var lateness: Percentiles
    }

    struct Percentiles: Codable, Sendable, Equatable {
        var p50: Double
        var p90: Double
        var p99: Double
        var p999: Double
        var max: Double

        init(_ latency: Latency) {
            p50 = latency.milliseconds(at: 50)
            p90 = latency.milliseconds(at: 90)
            p99 = latency.milliseconds(at: 99)
            p999 = latency.milliseconds(at: 99.9)
            max = latency.milliseconds(at: 100)
        }
    }

    struct Seconds: Codable, Sendable, Equatable {
        /// From the start to the last first send.
        var offer: Double
        /// From the start to the first outcome; null where there was none.
        var firstSettled: Double?
        /// From the last first send to the last outcome.
        var drain: Double
        /// From the start to the last outcome.
        var total: Double
    }

    struct Generator: Codable, Sendable, Equatable {
        var processes: Int
        var cpuSeconds: Double
    }

    func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }
}
