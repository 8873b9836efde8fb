import Contracts
import Delivery
import Metrics

/// What every process says of itself. Names of the process: as Prometheus' own client libraries have them.
enum RuntimeMetrics {
    // MARK: - Looked up at a scrape

    static let lagEvents = MetricDefinition(
        "stampede_consumer_lag_events", .gauge, "Events in the log that the consumer has not handled yet",
        by: ["service", "messaging_destination_name"])
    static let lagSeconds = MetricDefinition(
        "stampede_consumer_lag_seconds", .gauge, "Age of the oldest event that the consumer has not handled yet",
        by: ["service", "messaging_destination_name"])
    static let outboxEvents = MetricDefinition(
        "stampede_outbox_events", .gauge, "Events that are not in the log yet",
        by: ["service", "messaging_destination_name"])
    static let parkedEvents = MetricDefinition(
        "stampede_parked_events", .gauge, "Events that wait for their next attempt or behind another", by: ["service"])
    static let openLetters = MetricDefinition(
        "stampede_open_dead_letters", .gauge, "Dead letters that nobody has settled yet", by: ["service"])
    static let walBytes = MetricDefinition(
        "stampede_database_wal_bytes", .gauge, "Size of the write-ahead log beside the service's database",
        by: ["service"])
    static let freeBytes = MetricDefinition(
        "stampede_data_free_bytes", .gauge, "Space that is left on the file system of the data directory",
        by: ["service"])
    static let sizeBytes = MetricDefinition(
        "stampede_data_size_bytes", .gauge, "Size of the file system of the data directory", by: ["service"])
    static let cpuSeconds = MetricDefinition(
        "process_cpu_seconds_total", .counter, "CPU time of the process, user and system", by: ["service"])
    static let residentBytes = MetricDefinition(
        "process_resident_memory_bytes", .gauge, "Memory that the process holds", by: ["service"])
    static let openFiles = MetricDefinition(
        "process_open_fds", .gauge, "Files and connections that the process holds open", by: ["service"])

    // MARK: - Counted

    private static let exported = MetricDefinition(
        "stampede_trace_spans_exported_total", .counter, "Spans that a destination has taken: file, collector",
        by: ["destination"])
    private static let dropped = MetricDefinition(
        "stampede_trace_spans_dropped_total", .counter,
        "Spans that were lost: the queue was full, or the destination did not take them", by: ["destination", "reason"])
    static let scrubbedBytes = MetricDefinition(
        "stampede_log_scrubbed_bytes_total", .counter, "Bytes of sealed segments that were read again to find rot",
        by: ["messaging_destination_name"])
    static let damagedSegments = MetricDefinition(
        "stampede_log_damaged_segments", .gauge, "Segments that the last pass found damaged",
        by: ["messaging_destination_name"])

    static func spansExported(destination: String) -> Counter { exported.counter(destination) }

    static func spansDropped(destination: String, because reason: String) -> Counter {
        dropped.counter(destination, reason)
    }

    static let all = [
        lagEvents, lagSeconds, outboxEvents, parkedEvents, openLetters, walBytes, freeBytes, sizeBytes, cpuSeconds,
        residentBytes, openFiles, exported, dropped, scrubbedBytes, damagedSegments,
    ]
}
