/// A worker's counts so far.
struct Tally: Codable, Sendable, Equatable {
    /// First requests sent.
    var sent = 0
    /// 202 and journal line on disk.
    var accepted = 0
    var refused = 0
    var gaveUp = 0
    var notSent = 0
    var skipped = 0
    /// Cancellations answered with 202.
    var cancelled = 0
    var open = 0
    /// Connects tried again after a failed one.
    var connectRetries = 0
    /// Requests sent again because the connection ended without an answer.
    var lostAnswers = 0
    /// Answers 503.
    var unavailable = 0

    static func + (left: Tally, right: Tally) -> Tally {
        Tally(
            sent: left.sent + right.sent, accepted: left.accepted + right.accepted,
            refused: left.refused + right.refused, gaveUp: left.gaveUp + right.gaveUp,
            notSent: left.notSent + right.notSent, skipped: left.skipped + right.skipped,
            cancelled: left.cancelled + right.cancelled, open: left.open + right.open,
            connectRetries: left.connectRetries + right.connectRetries,
            lostAnswers: left.lostAnswers + right.lostAnswers, unavailable: left.unavailable + right.unavailable)
    }
}

/// What a worker reports at its end; workers' results add up.
struct WorkerResult: Codable, Sendable, Equatable {
    static let maximumSamples = 5

    var tally = Tally()
    var refusals: [String: Int] = [:]
    /// The first body of each kind of refusal.
    var samples: [String: String] = [:]
    /// Intended first send to 202.
    var accept = Latency()
    /// Actual first send to 202: what a generator would report that does not count its own delay.
    var acceptFromSend = Latency()
    /// Intended to actual first send: how late the generator itself was.
    var lateness = Latency()
    /// Latest first send, in nanoseconds after the start.
    var lastSendNanoseconds: Int64 = 0
    var openBySlot: [Int] = []
    var cpuSeconds: Double = 0

    mutating func add(_ other: WorkerResult) {
        tally = tally + other.tally
        refusals.merge(other.refusals) { $0 + $1 }
        samples.merge(other.samples) { first, _ in first }
        accept.add(other.accept)
        acceptFromSend.add(other.acceptFromSend)
        lateness.add(other.lateness)
        lastSendNanoseconds = max(lastSendNanoseconds, other.lastSendNanoseconds)
        for (slot, open) in other.openBySlot.enumerated() {
            if slot < openBySlot.count { openBySlot[slot] += open } else { openBySlot.append(open) }
        }
        cpuSeconds += other.cpuSeconds
    }
}
