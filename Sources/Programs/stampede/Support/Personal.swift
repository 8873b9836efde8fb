import ArgumentParser
import Contracts
import Foundation

/// Whether a command shows what names a customer's address or card.
struct PersonalOption: ParsableArguments {
    @Flag(name: .customLong("personal"), help: "Show mail addresses and card tokens, which are masked otherwise.")
    var isShown = false

    var view: Personal { Personal(isShown: isShown) }
}

/// What a reader sees of a customer's address and card: `*` in their place, unless they were asked for.
///
/// *Why*: a screen is shared, and a terminal's output pasted into a ticket.
struct Personal: Sendable {
    let isShown: Bool

    /// Members in which events about a dead letter wrap another event, in base64.
    private static let wrapped: Set = ["event", "corrected"]

    /// Of an event, or of what was to be one.
    func view(_ bytes: [UInt8]) -> [UInt8] { isShown ? bytes : PersonalData.masked(bytes) }

    func view(_ envelope: Envelope) -> Envelope {
        guard !isShown else { return envelope }
        var view = envelope
        view.data = PersonalData.masked(envelope.data)
        if [V1.EventDeadLettered.type, V1.DeadLetterEdited.type].contains(envelope.type),
            let json = JSONValue.parse(view.data), let line = try? self.view(json).line()
        {
            view.data = Array(line.utf8)
        }
        return view
    }

    func view(_ json: JSONValue) -> JSONValue { isShown ? json : Self.masked(PersonalData.masked(json)) }

    private static func masked(_ json: JSONValue) -> JSONValue {
        switch json {
        case .object(let members):
            .object(
                members.reduce(into: [:]) { result, member in
                    result[member.key] =
                        if wrapped.contains(member.key),
                            let bytes = member.value.text.flatMap({ Data(base64Encoded: $0) })
                        {
                            .string(Data(PersonalData.masked([UInt8](bytes))).base64EncodedString())
                        } else {
                            masked(member.value)
                        }
                })
        case .array(let values): .array(values.map(masked))
        default: json
        }
    }

    func view(address: String?) -> String? { isShown ? address : address.map { _ in "***" } }
}
