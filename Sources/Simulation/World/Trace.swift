import Contracts

/// What happened in a run, as a hash of its logical steps; and in words, where they are wanted.
///
/// Steps: events appended, calls to the disk that change it, faults, processes that start and end, calls to the gateway,
/// orders acknowledged, each with its virtual time. Not the pages of databases, nor anything that a clock or a machine
/// outside knows. Unchecked: a world runs on one thread.
final class Trace: @unchecked Sendable {
    private(set) var hash = TraceHash()
    private(set) var lines: [String] = []
    /// Events that said so of an order.
    private(set) var expired = 0
    private let isTold: Bool
    private let time: VirtualTime

    /// - Parameter isTold: whether it keeps words.
    init(time: VirtualTime, isTold: Bool) {
        self.time = time
        self.isTold = isTold
    }

    func note(_ step: String, _ what: String, _ number: UInt64 = 0) {
        hash.add(UInt64(bitPattern: time.microseconds))
        hash.add(step)
        hash.add(what)
        hash.add(number)
        if isTold, step != "disk" { tell("\(step) \(what)" + (number == 0 ? "" : " \(number)")) }
    }

    func note(_ topic: Topic, _ sequence: UInt64, _ event: [UInt8]) {
        hash.add(UInt64(bitPattern: time.microseconds))
        hash.add(topic.name)
        hash.add(sequence)
        hash.add(event)
        if topic == .payments, Self.saysExpired(event) { expired += 1 }
        guard isTold else { return }
        let envelope = try? EventCoding.decode(event)  // bytes that are no event have no words
        tell("\(topic) \(sequence) \(envelope?.type ?? "?") \(envelope?.subject ?? "?")")
    }

    private static func saysExpired(_ event: [UInt8]) -> Bool {
        guard let envelope = try? EventCoding.decode(event), envelope.type == V1.PaymentFailed.type else {
            return false
        }
        return (try? V1.PaymentFailed.decoded(from: envelope.data))?.reason == .expired
    }

    /// Words alone: what does not belong to the steps.
    func tell(_ text: @autoclosure () -> String) {
        guard isTold else { return }
        let milliseconds = time.microseconds / 1000
        let rest = String(milliseconds % 1000)
        lines.append("\(milliseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest) s  \(text())")
    }
}
