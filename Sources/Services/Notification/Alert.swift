import Contracts
import Delivery
import Foundation

/// A message to whoever runs the shop: events of one group lie dead.
struct Alert {
    /// What the message says, as the call on record holds it.
    struct Body: Codable, Equatable {
        let service: String
        /// Empty for bytes that are no event.
        let type: String
        let signature: String
        /// Of the group, this one included.
        let letters: Int64
        let eventID: String
        let topic: String
        let offset: UInt64
        let attempts: Int64
        let error: String
        /// Whom the message is for; `nil` in calls of an older version.
        let recipient: String?
    }

    let body: Body
    /// The event that said so: the message's id is derived from it.
    let cause: EventID
    let raisedAt: Timestamp

    /// The call's kind in `intents`.
    static let callKind = "alert"

    /// One message a group and count, whatever happens.
    static func call(_ body: Body, letter: EventID) throws -> Outgoing {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let group = "\(body.service):\(body.type):\(body.signature)"
        return .call(
            CallRequest(
                key: "alert:\(group):\(body.letters)", kind: callKind, subject: letter.description,
                body: [UInt8](try encoder.encode(body))))
    }

    /// - Throws: `EventFault` where the call on record is of another program version and cannot be read.
    init(_ intent: Intent) throws {
        do {
            body = try JSONDecoder().decode(Body.self, from: Data(intent.request))
        } catch {
            throw EventFault.undecodable("the call \(intent.key) cannot be read: \(error)")
        }
        cause = intent.cause.id
        raisedAt = intent.recordedAt
    }

    private var what: String { body.type.isEmpty ? "bytes that are no event" : body.type }

    var subjectLine: String {
        let count = body.letters == 1 ? "a dead letter" : "\(body.letters) dead letters"
        return "[Stampede] \(body.service): \(count), \(what)"
    }

    var text: String {
        """
        \(body.service)-service gave up on \(what), \(body.letters == 1 ? "the first time" : "\(body.letters) times so far") for this reason:

            \(body.signature)

        The latest:

            event     \(body.eventID)
            place     \(body.topic), offset \(body.offset)
            attempts  \(body.attempts)
            error     \(body.error)

        Later events of the same order wait behind it; other orders go on.

        See what lies there:      stampede dlq list --service \(body.service)
        This one, whole:          stampede dlq show \(body.eventID)
        When the cause is mended: stampede dlq retry --all --service \(body.service)

        The next message of this kind comes with the \(body.letters * 10)th letter.
        """
    }
}
