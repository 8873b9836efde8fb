/// One part of a service: a loop that runs until it is cancelled or meets a fatal fault. To be run once.
package struct ServicePart: Sendable {
    /// The thread that a part has in a program, which parts of one kind share.
    package enum Thread: Sendable {
        /// The consumer's: for whatever writes to the database.
        case database
        /// For waiting on the log's disk.
        case relay
        /// One of its own, for other work that blocks.
        case own
    }

    package let name: String
    package let thread: Thread
    package let run: @Sendable () async throws -> Void

    package init(_ name: String, on thread: Thread, run: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.thread = thread
        self.run = run
    }
}
