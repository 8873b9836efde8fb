package import Contracts

/// Notes which event is being handled where it outlives the process, so that a death by trap can be laid at its door.
package protocol DeathWatch: Sendable {
    /// The event about to be handled, until `idle`. Costs a few stores: called for every event, on the consumer's thread.
    func trying(_ topic: Topic, _ offset: UInt64)
    func idle()
    /// The event on which the last process died of a trap; nil where it ended in another way. Stays until `acknowledge`.
    func lastDeath() -> Death?
    /// The death is on record in the database.
    func acknowledge()
}

/// A process that died of a trap while it handled an event.
package struct Death: Hashable, Sendable {
    package let topic: Topic
    package let offset: UInt64
    package let signal: Int32
    /// Differs for each death, so that one is counted once.
    package let stamp: Int64

    package init(topic: Topic, offset: UInt64, signal: Int32, stamp: Int64) {
        self.topic = topic
        self.offset = offset
        self.signal = signal
        self.stamp = stamp
    }
}

/// For tests and the simulation: nothing ever traps.
package struct NoDeathWatch: DeathWatch {
    package init() {}
    package func trying(_ topic: Topic, _ offset: UInt64) {}
    package func idle() {}
    package func lastDeath() -> Death? { nil }
    package func acknowledge() {}
}
