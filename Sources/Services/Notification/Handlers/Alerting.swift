import Contracts
import Delivery
import GRDB

/// When a dead letter is worth a message: the first of its group, the tenth, the hundredth, …
///
/// *Why*: a bug that kills every event must neither stay silent nor write a message for each. Counts alone decide, no
/// clock, so the messages are the same in whichever order the letters come.
enum Alerting {
    static func decide(_ letter: V1.EventDeadLettered, for recipient: String, _ db: Database) throws -> [Outgoing] {
        let signature = ErrorSignature.of(kind: letter.errorKind, error: letter.error)
        let type = (try? EventCoding.decode(letter.event).type) ?? ""  // bytes that are no event have none
        let letters = try NotificationStore.countLetter(
            letter.service.rawValue, type: type, signature: signature, db)
        guard isPowerOfTen(letters) else { return [] }
        let alert = Alert.Body(
            service: letter.service.rawValue, type: type, signature: signature, letters: letters,
            eventID: letter.eventID.description, topic: letter.topic, offset: letter.offset,
            attempts: letter.attempts, error: letter.error, recipient: recipient)
        return [try Alert.call(alert, letter: letter.eventID)]
    }

    private static func isPowerOfTen(_ number: Int64) -> Bool {
        var rest = number
        while rest > 1, rest % 10 == 0 { rest /= 10 }
        return rest == 1
    }
}
