import Contracts
import Foundation

/// A letter's event with what an operator put in its place: type and data may change, nothing else.
struct LetterEdit {
    let envelope: Envelope
    /// What became of money that the event names, by an operator who insisted; for the record.
    let forced: String?

    /// - Throws: `OperatorRefusal`, `EventFault` where the data are none of the type.
    init(_ letter: Letter, _ correction: Correction, _ processor: EventProcessor) throws {
        var envelope = try Self.original(letter, correction)
        envelope.type = correction.type
        envelope.data = correction.data
        let canonical = try processor.canonicalData(envelope, letter.topic)
        if let member = try Self.unknownMember(of: correction.data, comparedWith: canonical) {
            throw OperatorRefusal("\(correction.type) has no '\(member)'; is it misspelt?")
        }
        envelope.data = canonical
        self.envelope = envelope
        let changes = letter.envelope.map { Self.changedMoney(from: $0, to: envelope) } ?? []
        forced = changes.isEmpty ? nil : "forced: " + changes.joined(separator: "; ")
        guard changes.isEmpty || correction.force else {
            throw OperatorRefusal(
                "\(changes.joined(separator: "; ")): every other service and the gateway go by the event in the log, so the "
                    + "audit would report the difference. If that is what you mean, edit with --force (\"force\": true), "
                    + "which goes on record")
        }
    }

    /// Members that say how much money moves, such as `total.amount: 1999 → 1998`. What the event did not name before
    /// may be added.
    private static func changedMoney(from before: Envelope, to after: Envelope) -> [String] {
        guard let before = JSONValue.parse(before.data), let after = JSONValue.parse(after.data) else { return [] }
        let (old, new) = (money(in: before, ""), money(in: after, ""))
        return old.keys.sorted().compactMap { path in
            guard let was = old[path], new[path] != was else { return nil }
            return "\(path): \(was) → \(new[path] ?? "nothing")"
        }
    }

    private static let moneyMembers: Set<String> = ["amount", "currency", "unitPrice"]

    private static func money(in json: JSONValue, _ path: String) -> [String: String] {
        switch json {
        case .object(let members):
            members.reduce(into: [:]) { found, member in
                let path = path.isEmpty ? member.key : "\(path).\(member.key)"
                found.merge(money(in: member.value, path)) { $1 }
                if moneyMembers.contains(member.key), let text = try? member.value.line() { found[path] = text }
            }
        case .array(let values):
            values.enumerated().reduce(into: [:]) { found, value in
                found.merge(money(in: value.element, "\(path)[\(value.offset)]")) { $1 }
            }
        default: [:]
        }
    }

    private static func original(_ letter: Letter, _ correction: Correction) throws -> Envelope {
        if let envelope = letter.envelope {
            guard correction.subject == nil || correction.subject == envelope.subject else {
                throw OperatorRefusal("the subject of an event stays: it is \(envelope.subject)")
            }
            return envelope
        }
        guard let subject = correction.subject, !subject.isEmpty else {
            throw OperatorRefusal("these bytes name no subject: say which order they are about")
        }
        let owner = ServiceName.allCases.first { $0.topic == letter.topic || $0.deadLetterTopic == letter.topic }
        return Envelope(
            id: letter.id, source: owner?.source ?? "/\(letter.topic)", type: correction.type, subject: subject,
            time: letter.diedAt, correlationID: OrderID(subject)?.rebound() ?? letter.id.rebound(),
            data: correction.data)
    }

    /// The first member that the type does not have, such as `lines[0].quantiy`.
    private static func unknownMember(of data: [UInt8], comparedWith canonical: [UInt8]) throws -> String? {
        let given = try JSONSerialization.jsonObject(with: Data(data), options: [.fragmentsAllowed])
        let known = try JSONSerialization.jsonObject(with: Data(canonical), options: [.fragmentsAllowed])
        return unknownMember(given, known, "")
    }

    private static func unknownMember(_ given: Any, _ known: Any, _ path: String) -> String? {
        if let given = given as? [String: Any], let known = known as? [String: Any] {
            for (name, value) in given.sorted(by: { $0.key < $1.key }) where !(value is NSNull) {
                let path = path.isEmpty ? name : "\(path).\(name)"
                guard let other = known[name] else { return path }
                if let unknown = unknownMember(value, other, path) { return unknown }
            }
        } else if let given = given as? [Any], let known = known as? [Any] {
            for (index, (value, other)) in zip(given, known).enumerated() {
                if let unknown = unknownMember(value, other, "\(path)[\(index)]") { return unknown }
            }
        }
        return nil
    }
}
