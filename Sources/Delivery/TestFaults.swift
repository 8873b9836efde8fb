package import Contracts

/// Makes a service fail on purpose, by rule, to see what becomes of the events it fails on.
///
/// Pure: whether a rule hits an event follows from the event's id and the rule's number, so the same events fail at each
/// attempt, in each process and in each run.
package struct TestFaults: Sendable {
    package struct Rule: Sendable {
        /// Type of the events it hits.
        package let type: String
        /// Which part of them, from 0 to 1.
        package let share: Double
        /// Only those about this; nil for any.
        package let subject: String?
        package let effect: Effect

        package init(type: String, share: Double = 1, subject: String? = nil, effect: Effect) {
            self.type = type
            self.share = share
            self.subject = subject
            self.effect = effect
        }
    }

    package enum Effect: Equatable, Sendable {
        /// The handler throws an error of the event's own.
        case `throws`
        /// The same, until the event has failed this often.
        case transient(times: Int)
        /// The handler kills the process.
        case traps
        /// The handler finds its environment gone.
        case unavailable
    }

    package let rules: [Rule]
    /// How the consumer disturbs its own deliveries.
    package let delivery: DeliveryDisorder

    package init(rules: [Rule], delivery: DeliveryDisorder = DeliveryDisorder()) {
        self.rules = rules
        self.delivery = delivery
    }

    /// What the first rule that hits the event does to it.
    package func effect(on event: Envelope) -> Effect? {
        for (number, rule) in rules.enumerated() where rule.type == event.type {
            guard rule.subject == nil || rule.subject == event.subject else { continue }
            if Self.draw(event.id, number) < rule.share { return rule.effect }
        }
        return nil
    }

    /// Evenly from 0 up to, not including, 1.
    private static func draw(_ id: EventID, _ rule: Int) -> Double {
        let mixed = mix(mix(id.high) ^ mix(id.low &+ UInt64(rule)))
        return Double(mixed >> 11) * 0x1p-53
    }

    /// One step of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
    private static func mix(_ value: UInt64) -> UInt64 {
        var value = value &+ 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
