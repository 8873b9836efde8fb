import Contracts
package import EventLog

/// What every service runs, whatever else it does: its relays, its consumer, and the look at its outbox.
///
/// The one wiring of production and simulation; what differs between them comes in as ports.
package struct ServiceCore: Sendable {
    package let parts: [ServicePart]
    private let watch: any LogWatch

    /// What a service is told of how to run.
    package struct Options: Sendable {
        package var limits = Consumer.Limits()
        package var policy = RetryPolicy()
        /// The age of an unsent event from which on the service says that its outbox stands.
        package var outboxAlert = Duration.seconds(30)

        package init() {}
    }

    /// Becomes the writer of the service's topics, and opens its readers.
    ///
    /// - Parameter bell: rung where the log grows; operators ring it too.
    /// - Throws: `OutboxMismatch`, `LogError`, or the database's error.
    package init(
        node: ServiceNode, log: any EventLog, randomness: any Randomness, options: Options = Options(),
        deathWatch: any DeathWatch = NoDeathWatch(), operators: OperatorQueue? = nil, bell: Doorbell
    ) throws {
        let loops = ServiceLoops(node: node, policy: options.policy, randomness: randomness)
        let relays = Handover(
            try [node.card.name.topic, node.card.name.deadLetterTopic].map { topic in
                try OutboxRelay(topic: topic, node: node, log: log)
            })
        let consumer = Handover(
            try Consumer(
                node: node, log: log, randomness: randomness, policy: options.policy, limits: options.limits,
                watch: deathWatch, operators: operators))
        let outbox = Handover(OutboxWatch(node: node, limit: options.outboxAlert))
        watch = try log.watch(node.card.topics, ring: bell)
        parts = [
            ServicePart("outbox relay", on: .relay) { try await loops.run(relays.take()) },
            ServicePart("consumer", on: .database) { try await loops.run(consumer.take(), bell: bell) },
            ServicePart("outbox watch", on: .database) { try await outbox.take().run(loops) },
        ]
    }

    package func close() {
        watch.close()
    }
}
