import Synchronization

/// Makes the ids of payment intents and refunds: ascending, so that the index on them grows at its end only.
final class GatewayIds: Sendable {
    enum Kind: String {
        case paymentIntent = "pi"
        case refund = "re"
    }

    private struct State {
        var last: Int64 = 0
        var generator: SplitMix64
    }

    private let state: Mutex<State>

    init(seed: UInt64) {
        state = Mutex(State(generator: SplitMix64(seed: seed)))
    }

    /// The moment in microseconds (never the same twice) and 32 random bits, in hexadecimal.
    func next(_ kind: Kind, at now: Int64) -> String {
        state.withLock { state in
            state.last = max(now, state.last + 1)
            let random = state.generator.next() >> 32
            return kind.rawValue + "_" + Self.hex(UInt64(state.last), digits: 14) + Self.hex(random, digits: 8)
        }
    }

    private static func hex(_ value: UInt64, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
