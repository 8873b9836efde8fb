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
    private let standing: Gauge

    init(service: ServiceName) {
        let dimensions = [("service", service.rawValue)]
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
        standing = Gauge(label: "stampede_standing", dimensions: dimensions)
    }

    func handled(_ count: Int) { handledEvents.increment(by: count) }
    func skipped() { skippedEvents.increment() }
    func duplicate() { duplicates.increment() }
    func retried() { retries.increment() }
    func parked() { parkedEvents.increment() }
    func buried() { deadLetters.increment() }
    func published(_ count: Int) {
        publishedEvents.increment(by: count)
        publishedFrames.increment()
    }
    func commands(_ count: Int) {
        commandCount.increment(by: count)
        commandBatches.increment()
    }
    /// Whether a part of the service waits for the environment to heal.
    func isStanding(_ stands: Bool) { standing.record(stands ? 1 : 0) }
}
