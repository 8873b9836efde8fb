import Contracts
import TestSupport

/// A step into a JSON value.
enum JSONStep {
    case key(String)
    case index(Int)

    var name: String {
        switch self {
        case .key(let key): key
        case .index(let index): "\(index)"
        }
    }
}

extension JSONValue {
    /// The way to every value that is neither an object nor a list with elements.
    var leafPaths: [[JSONStep]] {
        switch self {
        case .object(let members):
            members.keys.sorted().flatMap { key in
                (members[key]?.leafPaths ?? []).map { [.key(key)] + $0 }
            }
        case .array(let elements) where !elements.isEmpty:
            elements.enumerated().flatMap { index, element in element.leafPaths.map { [.index(index)] + $0 } }
        default: [[]]
        }
    }

    func value(at steps: some Collection<JSONStep>) -> JSONValue? {
        guard let step = steps.first else { return self }
        switch (self, step) {
        case (.object(let members), .key(let key)): return members[key]?.value(at: steps.dropFirst())
        case (.array(let elements), .index(let index)):
            return elements.indices.contains(index) ? elements[index].value(at: steps.dropFirst()) : nil
        default: return nil
        }
    }

    /// The value with another leaf; nil where there is no such leaf.
    ///
    /// - Parameter other: what stands there in another event, where there is one.
    func replacing(at steps: some Collection<JSONStep>, _ other: JSONValue?, _ random: inout SeededRandom) -> JSONValue?
    {
        guard let step = steps.first else { return altered(other, &random) }
        switch (self, step) {
        case (.object(var members), .key(let key)):
            guard let member = members[key] else { return nil }
            members[key] = member.replacing(at: steps.dropFirst(), other, &random)
            return .object(members)
        case (.array(var elements), .index(let index)):
            guard elements.indices.contains(index),
                let element = elements[index].replacing(at: steps.dropFirst(), other, &random)
            else { return nil }
            elements[index] = element
            return .array(elements)
        default: return nil
        }
    }

    /// A value of the same type, mostly; sometimes `null`.
    private func altered(_ other: JSONValue?, _ random: inout SeededRandom) -> JSONValue {
        if let other, other != self, random.below(2) == 0 { return other }
        if random.below(8) == 0 { return .null }
        switch self {
        case .bool(let value): return .bool(!value)
        case .integer(let value):
            let values = [value &+ 1, value &- 1, 0, -value, value &* 10, 1, .max, .min]
            return .integer(values[random.below(values.count)])
        case .string(let text): return .string(Self.altered(text, &random))
        case .number, .null: return .integer(1)
        case .array: return .array([.integer(1)])
        case .object: return .object(["x": .integer(1)])
        }
    }

    private static func altered(_ text: String, _ random: inout SeededRandom) -> String {
        guard !text.isEmpty else { return "x" }
        var bytes = Array(text.utf8)
        switch random.below(4) {
        case 0: return ""
        case 1: return text + "x"
        default:
            // Another letter or digit, where there is one, so that the text keeps its shape.
            let index = random.below(bytes.count)
            switch bytes[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "8"), UInt8(ascii: "a")...UInt8(ascii: "e"),
                UInt8(ascii: "A")...UInt8(ascii: "Y"):
                bytes[index] += 1
            default: bytes[index] = UInt8(ascii: "1")
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
