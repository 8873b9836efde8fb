/// The metrics of the delivery patterns. Names: OpenTelemetry semantic conventions for messaging 1.37, where they have one.
package enum DeliveryDefinitions {
    // MARK: - Outbox and relay

    static let sent = MetricDefinition(
        "messaging_client_sent_messages_total", .counter, "Events that the relay has brought to the log",
        by: ["service", "messaging_destination_name"])
    static let sendDuration = MetricDefinition(
        "messaging_client_operation_duration_seconds", .seconds,
        "Time to append one batch of events to the log, its sync included",
        by: ["service", "messaging_destination_name", "messaging_operation_name"])
    static let batch = MetricDefinition(
        "stampede_outbox_batch_events", .batch, "Events that the relay appends at a time", by: ["service"])
    static let oldestUnsent = MetricDefinition(
        "stampede_outbox_oldest_age_seconds", .gauge, "Age of the oldest event that is not in the log yet",
        by: ["service"])

    // MARK: - Consumer and inbox

    static let consumed = MetricDefinition(
        "messaging_client_consumed_messages_total", .counter, "Events read from the log, whatever became of them",
        by: ["service"])
    static let handleDuration = MetricDefinition(
        "messaging_process_duration_seconds", .seconds,
        "Time that a handler took with one event, its commit not included", by: ["service"])
    static let transactionDuration = MetricDefinition(
        "stampede_transaction_duration_seconds", .seconds,
        "Time of one transaction of the service's database, its sync included", by: ["service"])
    static let handled = MetricDefinition(
        "stampede_consumer_handled_events_total", .counter, "Events that took effect, retries included",
        by: ["service"])
    static let skipped = MetricDefinition(
        "stampede_consumer_skipped_events_total", .counter, "Events of types that the service does not subscribe to",
        by: ["service"])
    static let duplicates = MetricDefinition(
        "stampede_inbox_duplicates_total", .counter, "Events that came once more and had no effect", by: ["service"])
    static let retries = MetricDefinition(
        "stampede_consumer_retries_total", .counter, "Failed attempts that are followed by another", by: ["service"])
    static let parked = MetricDefinition(
        "stampede_consumer_parked_events_total", .counter,
        "Events set aside behind an earlier one of the same order", by: ["service"])
    static let dead = MetricDefinition(
        "stampede_consumer_dead_letters_total", .counter, "Events that the service gave up on", by: ["service"])
    static let anomalies = MetricDefinition(
        "stampede_anomalies_total", .counter, "Events that cannot follow, kept and applied as nothing",
        by: ["service"])
    static let paused = MetricDefinition(
        "stampede_consumer_paused", .gauge, "1 while an operator holds the consumer", by: ["service"])

    // MARK: - Commands, calls, standing

    static let commands = MetricDefinition(
        "stampede_commands_total", .counter, "Commands that were carried out or refused", by: ["service"])
    static let commandBatch = MetricDefinition(
        "stampede_command_batch_commands", .batch, "Commands that one transaction carries out", by: ["service"])
    static let calls = MetricDefinition(
        "stampede_outside_calls_total", .counter,
        "Calls to the outside, by what came of them: answered, unknown (it is made again), unreachable (nothing was asked)",
        by: ["service", "outcome"])
    static let breaker = MetricDefinition(
        "stampede_circuit_breaker_state", .gauge, "0 calls go out, 1 one is out to see, 2 none goes out",
        by: ["service", "name"])
    static let standing = MetricDefinition(
        "stampede_part_standing", .gauge, "1 while a part of the service waits for its environment to heal",
        by: ["service", "part"])

    package static let all = [
        sent, sendDuration, batch, oldestUnsent, consumed, handleDuration, transactionDuration, handled, skipped,
        duplicates, retries, parked, dead, anomalies, paused, commands, commandBatch, calls, breaker, standing,
    ]
}
