import CommandLineKit
import Contracts

/// Says of event types that nobody knows which one may have been meant.
///
/// A log may hold types that this version does not know, so an unknown type is no mistake until nothing matches it.
enum MistypedTypes {
    /// A line for each type, with or without its version, that this version does not know and that is no other word taken here.
    static func advice(_ types: [String], besides others: [String] = []) -> [String] {
        types.filter { !known.contains($0) && !others.contains($0) }.map { type in
            let question = NearMiss.question(type, among: (type.contains(".") ? EventTypes.all : names) + others)
            return "There is no event type '\(type)' in this version"
                + (question.map { "; \($0)" } ?? ": they are \(names.joined(separator: ", ")).")
        }
    }

    /// Of texts that no known type holds.
    static func advice(onParts parts: [String]) -> [String] {
        let types = EventTypes.all.map { $0.lowercased() }
        return parts.filter { part in !types.contains { $0.contains(part.lowercased()) } }.map { part in
            let question = NearMiss.question(part, among: EventTypes.all + names + Set(names.flatMap(words)).sorted())
            return "No event type of this version holds '\(part)'" + (question.map { "; \($0)" } ?? ".")
        }
    }

    private static let names = EventTypes.all.map(EventTypes.name)
    private static let known = Set(EventTypes.all + names)

    /// `OrderCancelled` is made of `Order` and `Cancelled`.
    private static func words(_ name: String) -> [String] {
        name.reduce(into: [String]()) { words, letter in
            if letter.isUppercase || words.isEmpty { words.append("") }
            words[words.count - 1].append(letter)
        }
    }
}
