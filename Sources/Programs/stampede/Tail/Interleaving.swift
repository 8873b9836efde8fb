import Contracts

/// Weaves topics together by time, an event after what caused it.
///
/// *Guarantee*: of what it hands out, no effect comes before its cause, also while the topics grow. *Why it holds*: the
/// ends are noted first; then everything is read, and handed out up to the last event that was there when the ends were
/// noted. The cause of such an event was in the log before it, so it has been read by then, and its time is not later.
struct Interleaving {
    private let streams: [TopicStream]

    init(_ streams: [TopicStream]) {
        self.streams = streams
    }

    /// Hands out what there is now, while the body asks for more.
    func run(_ body: (TailEntry) throws -> Bool) throws {
        let ends = try streams.map { try $0.end() }
        for stream in streams { try stream.refill() }
        while !zip(streams, ends).allSatisfy({ $0.isDrained(to: $1) }) {
            guard let next = earliest(), let entry = next.take() else { return }
            guard try body(entry) else { return }
            try next.refill()
        }
    }

    private func earliest() -> TopicStream? {
        var best: TopicStream?
        for stream in streams where stream.head != nil {
            guard let other = best else {
                best = stream
                continue
            }
            if stream.headTime < other.headTime || stream.headTime == other.headTime && Self.causes(stream, other) {
                best = stream
            }
        }
        return best
    }

    private static func causes(_ stream: TopicStream, _ other: TopicStream) -> Bool {
        stream.head?.envelope?.id != nil && stream.head?.envelope?.id == other.head?.envelope?.causationID
    }
}
