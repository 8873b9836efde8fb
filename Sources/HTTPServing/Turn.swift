import NIOCore

/// Whose turn it is on a connection, and since when.
struct Turn {
    enum Kind {
        /// The client's, to begin a request.
        case idle
        /// The client's, to send the rest of a head.
        case head
        /// The client's, to send the rest of a body.
        case body
        /// The server's, to answer.
        case answer
        /// The client's, to take its answer.
        case taking
        /// The client's, to notice that the connection ends.
        case ending
    }

    private(set) var kind = Kind.idle
    private(set) var since = NIODeadline.now()

    mutating func becomes(_ kind: Kind) {
        self.kind = kind
        since = .now()
    }

    /// Whether the client took too long.
    func isOver(_ now: NIODeadline, _ limits: HTTPServer.Limits, isCrowded: Bool) -> Bool {
        let patience: TimeAmount
        switch kind {
        case .answer: return false
        case .idle: patience = limits.idle
        case .head: patience = limits.head
        case .body: patience = limits.body
        case .taking: patience = limits.taking
        case .ending: patience = HTTPServer.Limits.ending
        }
        return now - since >= (isCrowded ? min(patience, HTTPServer.Limits.crowdedPatience) : patience)
    }
}
