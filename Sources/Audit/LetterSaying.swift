import Contracts
import Foundation

/// What a service said of a letter, compared field by field with the letter and with the record of what was done to it.
/// (Invariant 8.)
struct LetterSaying {
    private let letter: DeskFacts.DeadLetter
    private let detail: Detail.DeadLetter
    private let kind: EventKind
    private let event: EventFact
    private let trace: TraceContext?
    private let service: ServiceName

    init(
        _ letter: DeskFacts.DeadLetter, _ detail: Detail.DeadLetter, _ kind: EventKind, _ event: EventFact,
        _ trace: TraceContext?, _ service: ServiceName
    ) {
        self.letter = letter
        self.detail = detail
        self.kind = kind
        self.event = event
        self.trace = trace
        self.service = service
    }

    /// - Parameter record: what was done to the letter.
    func faults(_ record: [DeskFacts.Action]) -> [String] {
        var faults: [String] = []
        if detail.service != service { faults.append("its service is \(detail.service.rawValue)") }
        // A letter about a letter is a subject of its own at the desk; what is said of it is about the event's.
        let later = letter.isAboutLetter ? letter.inForce?.subject ?? letter.subject : letter.subject
        let subject = kind == .eventDeadLettered ? letter.original?.subject ?? letter.unreadableSubject : later
        if detail.subject != subject { faults.append("its subject is '\(detail.subject)', the letter's '\(subject)'") }
        return faults + (kind == .eventDeadLettered ? announcementFaults(record) : actionFaults(record))
    }

    // MARK: - A death

    private func announcementFaults(_ record: [DeskFacts.Action]) -> [String] {
        var faults: [String] = []
        let entry = letter.entry
        if detail.topic != entry.topic.name || detail.offset != entry.offset {
            faults.append(
                "it names \(detail.topic ?? "no topic") offset \(detail.offset ?? 0), the desk \(entry.topic) \(entry.offset)"
            )
        }
        // A card token is masked where it is said.
        if detail.event.map({ [UInt8]($0) }) != PersonalData.masked(letter.bytes, [.cardToken]) {
            faults.append("it holds other bytes than the desk")
        }
        let failures = Int64(record.lazy.filter { $0.name == "failed" }.count)
        if let attempts = detail.attempts, attempts &+ failures != letter.attempts {
            faults.append("\(attempts) attempts, \(failures) more failed since, the desk says \(letter.attempts)")
        }
        // A retry that failed puts its own error in the place of the first one.
        if failures == 0, detail.errorKind != letter.errorKind || detail.error != letter.error {
            faults.append("another error than the desk's")
        }
        let said = DeskFacts.Action(
            number: 0, name: "died", at: letter.diedAt, actor: "", reason: nil, detail: nil)
        let trace = letter.original.map { original in
            Derivation.trace(
                ofAttempt: detail.attempts ?? 0, on: original.id, original.traceparent.flatMap { TraceContext($0) },
                by: service)
        }
        return faults + envelopeFaults(said, of: letter.original, trace ?? nil)
    }

    // MARK: - An action

    private func actionFaults(_ record: [DeskFacts.Action]) -> [String] {
        let name =
            switch kind {
            case .deadLetterRedriven: "retried"
            case .deadLetterEdited: "edited"
            default: "discarded"
            }
        // Whether there is a record at all is asked letter by letter.
        let candidates = record.filter { $0.name == name }
        guard !candidates.isEmpty else { return [] }
        let made = candidates.first { action in
            event.id
                == Derivation.effect(
                    of: letter.entry.id, by: service, kind.type, ordinal: Int(truncatingIfNeeded: action.number))
        }
        guard let made else { return ["its id follows from no entry of the desk's record"] }
        var faults: [String] = []
        if detail.actor != made.actor {
            faults.append("done by '\(detail.actor ?? "")', the record says '\(made.actor)'")
        }
        if kind != .deadLetterRedriven, detail.reason != made.reason { faults.append("another reason than on record") }
        if kind == .deadLetterRedriven, detail.wasDuplicate != (made.detail == "duplicate") {
            faults.append("whether it was a duplicate is not what the record says")
        }
        let about = kind == .deadLetterEdited ? letter.original : letter.inForce
        let trace = about.flatMap { about in
            Derivation.trace(ofSending: about.id, about.traceparent.flatMap { TraceContext($0) })
        }
        return faults + envelopeFaults(made, of: about, trace)
    }

    // MARK: - The envelope

    /// - Parameter about: the letter's event; `nil` if its bytes are none.
    private func envelopeFaults(_ action: DeskFacts.Action, of about: Envelope?, _ expected: TraceContext?) -> [String]
    {
        var faults: [String] = []
        let letterID = letter.entry.id
        let id = Derivation.effect(
            of: letterID, by: service, kind.type, ordinal: Int(truncatingIfNeeded: action.number))
        if event.id != id { faults.append("its id does not follow from the letter \(letterID)") }
        if event.cause != about?.id { faults.append("its cause is not the letter's event") }
        let correlation = about?.correlationID ?? letterID.rebound()
        if event.correlation != correlation {
            faults.append("its correlation id is \(event.correlation), the letter's \(correlation)")
        }
        if trace != expected {
            faults.append(
                "its traceparent is \(trace?.description ?? "none"), expected \(expected?.description ?? "none")")
        }
        let time = max(action.at, about?.time.microseconds ?? action.at)
        if event.time != time {
            faults.append(
                "its time is \(Timestamp(microseconds: event.time)), the record says \(Timestamp(microseconds: time))")
        }
        return faults
    }
}

extension DeskFacts.DeadLetter {
    /// Bytes that are no event are a subject of their own.
    fileprivate var unreadableSubject: String { "unreadable:\(entry.topic):\(entry.offset)" }
}
