import Contracts
import Metrics

/// Counts of the patterns, through swift-metrics.
package struct DeliveryMetrics: Sendable {
    private let handledEvents: Counter
    private let skippedEvents: Counter
    private let duplicates: Counter
    private let retries: Counter
    private let parkedEvents: Counter
    private let deadLetters: Counter
    private let publishedEvents: Counter
    private let publishedFrames: Counter
    private let commandCount: Counter
    private let commandBatches: Counter
    private let anomalies: Counter
    private let dimensions: [(String, String)]

    init(service: ServiceName) {
        let dimensions = [("service", service.rawValue)]
        self.dimensions = dimensions
        func counter(_ name: String) -> Counter { Counter(label: "stampede_\(name)", dimensions: dimensions) }
        handledEvents = counter("consumer_events_total")
        skippedEvents = counter("consumer_skipped_total")
        duplicates = counter("inbox_duplicates_total")
        retries = counter("consumer_retries_total")
        parkedEvents = counter("parked_events_total")
        deadLetters = counter("dead_letters_total")
        publishedEvents = counter("outbox_published_events_total")
        publishedFrames = counter("outbox_published_batches_total")
        commandCount = counter("commands_total")
        commandBatches = counter("command_batches_total")
        anomalies = counter("anomalies_total")
    }

    func add(_ counts: ConsumerCounts) {
        if counts.handled > 0 { handledEvents.increment(by: counts.handled) }
        if counts.skipped > 0 { skippedEvents.increment(by: counts.skipped) }
        if counts.duplicates > 0 { duplicates.increment(by: counts.duplicates) }
        if counts.parked > 0 { parkedEvents.increment(by: counts.parked) }
        if counts.failed > 0 { retries.increment(by: counts.failed) }
        if counts.buried > 0 { deadLetters.increment(by: counts.buried) }
    }
    func published(_ count: Int) {
        publishedEvents.increment(by: count)
        publishedFrames.increment()
    }
    func commands(_ count: Int) {
        commandCount.increment(by: count)
        commandBatches.increment()
    }
    func anomaly() {
        anomalies.increment()
    }
    func isPaused(_ paused: Bool) {
        gauge("consumer_paused", paused ? 1 : 0)
    }
    /// 0 closed, 1 half open, 2 open.
    func circuitBreaker(_ status: CircuitBreaker.Status) {
        let value =
            switch status.state {
            case .closed: 0
            case .halfOpen: 1
            case .open: 2
            }
        gauge("circuit_breaker_state", value, [("name", status.name)])
    }
    /// Age of the oldest event that is not in the log yet, in seconds.
    func oldestUnsent(_ age: Duration) {
        gauge("outbox_oldest_age_seconds", age / .seconds(1))
    }
    func gauge(_ name: String, _ value: some BinaryInteger, _ more: [(String, String)] = []) {
        Gauge(label: "stampede_\(name)", dimensions: dimensions + more).record(value)
    }
    func gauge(_ name: String, _ value: Double, _ more: [(String, String)] = []) {
        Gauge(label: "stampede_\(name)", dimensions: dimensions + more).record(value)
    }
    /// Whether a part of the service waits for the environment to heal.
    func isStanding(_ stands: Bool, part: String) {
        gauge("standing", stands ? 1 : 0, [("part", part)])
    }
}

/// What a consumer did with the events it read.
package struct ConsumerCounts: Equatable, Sendable {
    /// Applied, retries included.
    package var handled = 0
    /// Of a type that the service does not subscribe to.
    package var skipped = 0
    package var duplicates = 0
    /// Set aside behind an earlier event of their subject.
    package var parked = 0
    /// Attempts that failed and are followed by another.
    package var failed = 0
    package var buried = 0

    package init() {}

    static func += (sum: inout Self, more: Self) {
        sum.handled += more.handled
        sum.skipped += more.skipped
        sum.duplicates += more.duplicates
        sum.parked += more.parked
        sum.failed += more.failed
        sum.buried += more.buried
    }
}
