import Contracts
import Metrics

/// What one service counts of the patterns, through swift-metrics. Its handles are made once: to count is an atomic add.
package struct DeliveryMetrics: Sendable {
    private typealias Definition = DeliveryDefinitions

    private let service: String
    private let sent: [Topic: (events: Counter, duration: Timer)]
    private let batch: Recorder
    private let oldestUnsentAge: Gauge
    private let consumed: Counter
    private let handleDuration: Timer
    private let transactionDuration: Timer
    private let handled: Counter
    private let skipped: Counter
    private let duplicates: Counter
    private let retries: Counter
    private let parked: Counter
    private let dead: Counter
    private let anomalies: Counter
    private let paused: Gauge
    private let commandCount: Counter
    private let commandBatch: Recorder
    private let calls: [CallOutcome: Counter]

    /// What came of a call to the outside.
    enum CallOutcome: String, CaseIterable {
        case answered, unknown, unreachable
    }

    init(service name: ServiceName) {
        let service = name.rawValue
        self.service = service
        sent = Dictionary(
            uniqueKeysWithValues: [name.topic, name.deadLetterTopic].map { topic in
                (
                    topic,
                    (
                        Definition.sent.counter(service, topic.name),
                        Definition.sendDuration.timer(service, topic.name, "send")
                    )
                )
            })
        batch = Definition.batch.recorder(service)
        oldestUnsentAge = Definition.oldestUnsent.gauge(service)
        consumed = Definition.consumed.counter(service)
        handleDuration = Definition.handleDuration.timer(service)
        transactionDuration = Definition.transactionDuration.timer(service)
        handled = Definition.handled.counter(service)
        skipped = Definition.skipped.counter(service)
        duplicates = Definition.duplicates.counter(service)
        retries = Definition.retries.counter(service)
        parked = Definition.parked.counter(service)
        dead = Definition.dead.counter(service)
        anomalies = Definition.anomalies.counter(service)
        paused = Definition.paused.gauge(service)
        commandCount = Definition.commands.counter(service)
        commandBatch = Definition.commandBatch.recorder(service)
        calls = Dictionary(
            uniqueKeysWithValues: CallOutcome.allCases.map { ($0, Definition.calls.counter(service, $0.rawValue)) })
    }

    // MARK: - Outbox and relay

    func published(_ count: Int, to topic: Topic, in duration: Duration) {
        sent[topic]?.events.increment(by: count)
        sent[topic]?.duration.recordNanoseconds(duration.nanoseconds)
        batch.record(count)
    }

    /// Age of the oldest event that is not in the log yet.
    func oldestUnsent(_ age: Duration) {
        oldestUnsentAge.record(age / .seconds(1))
    }

    // MARK: - Consumer

    func add(_ counts: ConsumerCounts) {
        if counts.handled > 0 { handled.increment(by: counts.handled) }
        if counts.skipped > 0 { skipped.increment(by: counts.skipped) }
        if counts.duplicates > 0 { duplicates.increment(by: counts.duplicates) }
        if counts.parked > 0 { parked.increment(by: counts.parked) }
        if counts.failed > 0 { retries.increment(by: counts.failed) }
        if counts.buried > 0 { dead.increment(by: counts.buried) }
    }

    func read(_ count: Int) {
        consumed.increment(by: count)
    }

    func handled(in duration: Duration) {
        handleDuration.recordNanoseconds(duration.nanoseconds)
    }

    func committed(in duration: Duration) {
        transactionDuration.recordNanoseconds(duration.nanoseconds)
    }

    func anomaly() {
        anomalies.increment()
    }

    func isPaused(_ isPaused: Bool) {
        paused.record(isPaused ? 1 : 0)
    }

    // MARK: - Commands, calls, standing

    func commands(_ count: Int) {
        commandCount.increment(by: count)
        commandBatch.record(count)
    }

    func called(_ outcome: CallOutcome) {
        calls[outcome]?.increment()
    }

    /// 0 closed, 1 half open, 2 open.
    func circuitBreaker(_ status: CircuitBreaker.Status) {
        let value =
            switch status.state {
            case .closed: 0
            case .halfOpen: 1
            case .open: 2
            }
        Definition.breaker.gauge(service, status.name).record(value)
    }

    /// Whether a part of the service waits for the environment to heal.
    func isStanding(_ stands: Bool, part: String) {
        Definition.standing.gauge(service, part).record(stands ? 1 : 0)
    }
}

extension Duration {
    /// None is negative: a clock that was set back counts as no time at all.
    fileprivate var nanoseconds: Int64 {
        let (product, overflow) = max(0, microseconds).multipliedReportingOverflow(by: 1000)
        return overflow ? .max : product
    }
}
