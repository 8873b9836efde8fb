package import Contracts
package import Foundation

/// What the audit found: one verdict, ten invariants.
///
/// JSON: the property names are the keys; `holds` is `true`, `false` or `"unknown"`.
package struct AuditReport: Codable, Sendable, Equatable {
    package var verdict: Verdict
    package var dataDirectory: String
    /// Orders known to the log, the Order database or a journal.
    package var orders: Int
    /// Events read from the log, all topics.
    package var events: Int
    package var seconds: Double
    package var invariants: [Invariant]
    /// What waits for an operator.
    package var desk = Desk()

    package struct Invariant: Codable, Sendable, Equatable {
        /// 1 to 10, as in the design.
        package var id: Int
        package var title: String
        package var holds: Truth
        /// How many things it looked at.
        package var checked: Int
        /// What is broken, at most `listed` of them.
        package var violations: [Finding]
        package var violationsTotal: Int
        /// What is not known yet, and what it waits for; at most `listed` of them.
        package var waits: [Finding]
        package var waitsTotal: Int
        /// What is not done, and is accounted for on record: by an open dead letter, by an event parked behind one, by a
        /// discard, by an injection. It takes nothing from the verdict. At most `listed` of them.
        package var explained: [Finding]
        package var explainedTotal: Int
        package var notes: [String]

        /// Findings listed an invariant.
        package static let listed = 100
    }

    /// One thing that is broken, not known yet, or explained.
    package struct Finding: Codable, Sendable, Equatable {
        package var order: String?
        package var event: String?
        /// The service concerned, or waited for.
        package var service: String?
        /// Relative to the data directory.
        package var file: String?
        /// Of the event in its topic; of the byte where `message` says so.
        package var offset: UInt64?
        package var message: String
    }

    /// What the verdict is said with: `VALID  3 orders held up by 2 dead letters`.
    package var verdictLine: String {
        let held = HeldUp(orders: desk.orders, holding: desk.holding, deadLetters: desk.letters).text
        let reason = verdict == .nothingToJudge ? "no order was ever placed" : nil
        return ([verdict.rawValue] + [reason, held].compactMap(\.self)).joined(separator: "  ")
    }

    package func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }
}
