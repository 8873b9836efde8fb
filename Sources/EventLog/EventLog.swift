package import Contracts

/// A log of events: one stream a topic, one writer a stream, any number of readers in any process.
///
/// Fencing, idempotent append and wake-up are the log's business; a consumer relies on order within a topic, delivery
/// at least once, and that a position once stored can be resumed.
package protocol EventLog: Sendable {
    /// Becomes the one writer of a topic, creating the topic where there is none.
    ///
    /// - Throws: `LogError.writerExists` while another process writes it; `LogError.corrupt`, `.acknowledgedDataLost`
    ///   where the topic does not check out.
    func openWriter(of topic: Topic) throws -> any TopicWriter

    /// Reads a topic from a position, or from its first event kept. A topic nobody wrote yet reads as empty.
    func openReader(of topic: Topic, from position: Position?) throws -> any TopicReader

    /// Rings the bell after every append to one of the topics, by any process, until the watch is closed.
    func watch(_ topics: [Topic], ring bell: Doorbell) throws -> any LogWatch
}

/// The one writer of a topic.
package protocol TopicWriter: Sendable {
    /// The sequence number of the last event in the topic; 0 where there is none.
    var lastSequence: UInt64 { get }

    /// Appends events, numbered without gaps from `firstSequence`, and returns once they are on disk.
    ///
    /// *Guarantee*: acknowledged means on disk. Events that are there already (same sequence, same bytes) are not
    /// appended again. *If broken*: a relay that crashed between append and mark would publish twice.
    ///
    /// - Throws: `LogError.sequenceReused` for other bytes under a known sequence, `.sequenceGap`, `.syncFailed` (final),
    ///   `.noSpace` (repeat the same append later: what it found place for is known then), `.eventTooLarge` (nothing was
    ///   appended).
    func append(_ events: [[UInt8]], firstSequence: UInt64) throws

    func close()
}

/// A cursor over one topic. Not shared between tasks.
package protocol TopicReader {
    /// Where the next `read` begins.
    var position: Position { get }

    /// The next events in order, empty at the end. Stops once it has `maximumEvents` or more than `maximumBytes`.
    ///
    /// - Throws: `LogError.corrupt`, `.acknowledgedDataLost`, `.unreadable`: the reader stands where it stood, and reading
    ///   again neither skips nor repeats an event.
    func read(maximumEvents: Int, maximumBytes: Int) throws -> [LoggedEvent]

    /// Blocks until there is something to read, at most so long; may return earlier without. For a reader that has a
    /// thread of its own: one switch of threads less than with a bell.
    ///
    /// - Returns: whether there is something to read.
    func wait(atMost limit: Duration) throws -> Bool

    /// Offset after the last event that can be read now.
    func end() throws -> UInt64

    /// When the event read last was appended; nil where the log does not say, or nothing was read.
    var appendedAt: Timestamp? { get }

    func close()
}

extension TopicReader {
    package var appendedAt: Timestamp? { nil }
}

package protocol LogWatch: Sendable {
    func close()
}

/// An event's bytes and its place.
package struct LoggedEvent: Hashable, Sendable {
    package let topic: Topic
    /// Dense: 0, 1, 2, … in each topic.
    package let offset: UInt64
    /// A part of what was read at once: keep a copy where it is to be kept for long.
    package let bytes: ArraySlice<UInt8>

    package init(topic: Topic, offset: UInt64, bytes: ArraySlice<UInt8>) {
        self.topic = topic
        self.offset = offset
        self.bytes = bytes
    }
}

/// Where a reader goes on: the next offset, and what the log needs to find and to check it.
package struct Position: Hashable, Sendable {
    package let nextOffset: UInt64
    /// Made and checked by the log; opaque to everybody else.
    package let token: [UInt8]

    package init(nextOffset: UInt64, token: [UInt8]) {
        self.nextOffset = nextOffset
        self.token = token
    }
}
