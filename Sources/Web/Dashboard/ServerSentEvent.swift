/// The wire format of server-sent events (html.spec.whatwg.org, "9.2 Server-sent events").
enum ServerSentEvent {
    /// - Parameters:
    ///   - id: comes back as `Last-Event-ID` from a client that lost its connection.
    ///   - data: may hold line ends of any kind: each line gets a field of its own, or the rest would be lost, or be taken
    ///     for another field.
    static func text(id: String? = nil, event: String, data: String) -> String {
        var text = id.map { "id: \($0)\n" } ?? ""
        text += "event: \(event)\n"
        // These three and no other: a U+2028 within a JSON string is no line end here.
        let lineEnds: Set<Character> = ["\n", "\r", "\r\n"]
        for line in data.split(omittingEmptySubsequences: false, whereSeparator: lineEnds.contains) {
            text += "data: \(line)\n"
        }
        return text + "\n"
    }

    /// After how many milliseconds a client that lost its connection comes back.
    static func retry(milliseconds: Int) -> String { "retry: \(milliseconds)\n\n" }
}

/// The place of an event in the stream of one process: `<start of the process>-<tick>`.
struct StreamPlace: Equatable, CustomStringConvertible {
    /// Which process: after a restart, ticks begin anew.
    let start: Int64
    let tick: Int64

    init(start: Int64, tick: Int64) {
        self.start = start
        self.tick = tick
    }

    /// Nil for what no stream ever said.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let start = Int64(parts[0]), let tick = Int64(parts[1]), start >= 0, tick >= 0 else {
            return nil
        }
        self.init(start: start, tick: tick)
    }

    var description: String { "\(start)-\(tick)" }
}
