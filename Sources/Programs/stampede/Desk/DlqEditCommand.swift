import ArgumentParser
import Contracts
import Foundation

/// Corrects the event of a dead letter, at its service alone.
struct DlqEditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit", abstract: "Correct the event of a dead letter, at its service alone.",
        discussion: """
            Opens $VISUAL, $EDITOR or vi with the event's type, subject and data as JSON. Saved without a change, nothing \
            is done. The log keeps the event as it is; the letter stays at the desk until 'stampede dlq retry'.
            An edit that changes an amount or a currency is refused without --force.
            Exit codes: 0 edited, or nothing was changed; 1 it was refused, or the text is no such document.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var actor: ActorOptions

    @Option(help: "The letter at this service, where several gave up on the event.")
    var service: ServiceArgument?

    @Option(help: "Why, for the record.")
    var reason: String

    @Flag(help: "Change an amount or a currency all the same; the audit will report the difference, and name the edit.")
    var force = false

    @Option(help: "Take the document from this file ('-' is stdin) instead of an editor.", completion: .file())
    var file: String?

    @Argument(help: "The event's id, or enough of its beginning or end to mean one.")
    var id: String

    func validate() throws {
        try ReasonText.validate(reason)
    }

    func run() throws {
        let data = common.directory
        try data.require()
        let desks = Desks(data: data)
        let letter = try letter(desks, data)
        let before = LetterDocument(try desks.content(of: letter).effective)
        guard let (document, draft) = try changed(before) else {
            return Talk.say("Nothing was changed, so nothing was done.")
        }
        do {
            try send(document, before, letter, RunDirectory(data))
        } catch {
            if let draft { Talk.say("What you wrote is in \(draft.path); 'dlq edit --file' takes it from there.") }
            throw error
        }
        draft?.remove()
    }

    private func letter(_ desks: Desks, _ data: DataDirectory) throws -> DeskLetter {
        let services = service.map { [$0.service] } ?? ServiceName.allCases
        let all = try desks.letters(LetterFilter(services: services, takesSettled: true))
        let wanted = try LetterID(id).resolve(among: all, data)
        let mine = all.filter { $0.id == wanted }
        guard mine.count == 1 else {
            throw Failure.severalDesks(wanted.description, services: mine.map(\.service.rawValue))
        }
        return mine[0]
    }

    /// Nil where it is what it was.
    private func changed(_ before: LetterDocument) throws -> (LetterDocument, Draft?)? {
        if let file {
            let document = try LetterDocument(json: InputLines.whole(file), of: file)
            return document == before ? nil : (document, nil)
        }
        let draft = try Draft(before.text)
        while true {
            try draft.openInEditor()
            do {
                let document = try LetterDocument(json: draft.read(), of: draft.path)
                if document != before { return (document, draft) }
                draft.remove()
                return nil
            } catch let failure as Failure {
                guard draft.asksAgain(because: "\(failure)") else { throw failure }
            }
        }
    }

    private func send(
        _ document: LetterDocument, _ before: LetterDocument, _ letter: DeskLetter, _ run: RunDirectory
    ) throws {
        var body: [String: JSONValue] = [
            "id": .string(letter.id.description), "type": .string(document.type), "data": document.data,
            "actor": .string(actor.actor), "reason": .string(reason),
        ]
        if force { body["force"] = .bool(true) }
        if before.isEvent {
            guard document.subject == before.subject else { throw Failure.subjectStays(letter.id.description) }
        } else {
            body["subject"] = .string(document.subject)
        }
        let answer = try OperatorClient(letter.service, run).put("dead-letters/edit", .object(body))
        let results = LetterResults(isJSON: common.json)
        results.add(letter.service, answer)
        try results.finish()
    }
}

/// What an operator may change of an event.
struct LetterDocument: Equatable {
    let type: String
    let subject: String
    let data: JSONValue
    /// False where the bytes were none, and the document is a blank form.
    let isEvent: Bool

    /// Of an event's bytes.
    init(_ bytes: [UInt8]) {
        let envelope = try? EventCoding.decode(bytes)  // bytes that are no event have nothing to begin with
        type = envelope?.type ?? ""
        subject = envelope?.subject ?? ""
        data = envelope.flatMap { JSONValue.parse($0.data) } ?? .object([:])
        isEvent = envelope != nil
    }

    /// - Throws: `Failure.badDocument`.
    init(json: [UInt8], of file: String) throws {
        func fail(_ reason: String) -> Failure { .badDocument(file: file, reason: reason) }
        guard let json = JSONValue.parse(json) else { throw fail("it is no JSON") }
        guard let type = json["type"]?.text, !type.isEmpty else { throw fail("'type' must be a text") }
        guard let subject = json["subject"]?.text, !subject.isEmpty else { throw fail("'subject' must be a text") }
        guard let data = json["data"], case .object = data else { throw fail("'data' must be an object") }
        self.type = type
        self.subject = subject
        self.data = data
        isEvent = true
    }

    static func == (left: Self, right: Self) -> Bool {
        (left.type, left.subject, left.data) == (right.type, right.subject, right.data)
    }

    var text: String {
        let json = JSONValue.object(["type": .string(type), "subject": .string(subject), "data": data])
        return ((try? json.document()) ?? "{}") + "\n"  // plain values always encode
    }
}
