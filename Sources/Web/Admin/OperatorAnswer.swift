import Contracts
import Delivery

/// What came of an operator's request, as JSON.
enum OperatorAnswer {
    private struct Letter: Encodable {
        let eventId: EventID
        let outcome: String
        let detail: String?

        init(_ letter: LetterOutcome) {
            eventId = letter.eventID
            outcome = letter.outcome.rawValue
            detail = letter.detail
        }
    }

    private struct Place: Encodable {
        let sequence: UInt64
        let offset: UInt64
    }

    private struct Results<Result: Encodable>: Encodable {
        let results: [Result]
    }

    private struct Changed: Encodable {
        let changed: Bool
    }

    /// Of an edit, which is about one letter, there is no list.
    static func json(_ reply: OperatorReply, to request: OperatorRequest) -> [UInt8] {
        switch reply {
        case .letters(let letters):
            if case .edit = request, let letter = letters.first {
                return [UInt8](JSONAnswer.encode(Letter(letter)))
            }
            return [UInt8](JSONAnswer.encode(Results(results: letters.map(Letter.init))))
        case .injected(let places):
            let places = places.map { Place(sequence: $0.sequence, offset: $0.offset) }
            return [UInt8](JSONAnswer.encode(Results(results: places)))
        case .consumer(let changed):
            return [UInt8](JSONAnswer.encode(Changed(changed: changed)))
        }
    }
}
