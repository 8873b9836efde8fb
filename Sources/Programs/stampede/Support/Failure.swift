import Access
import CommandLineKit
import Contracts

/// Why a command cannot answer. Each says where, and what to do.
enum Failure: Error, Equatable, CustomStringConvertible {
    case noDataDirectory(String)
    case nothingThere(String)
    case noLog(String)
    case noTopic(String, known: [String])
    case noOrder(String, data: String)
    case ambiguousOrder(String, candidates: [String])
    case noOrderOfEvent(String, type: String, subject: String)
    case noMailbox(String)
    case noMail(order: String, mailbox: String)
    case noAlerts(mailbox: String)
    case unreadable(file: String, reason: String)
    case notPassed(topic: String, service: String, offset: UInt64, wanted: UInt64)
    case noHead(file: String, line: Int, reason: String)
    case noLetter(String, data: String)
    case noGroup(String, known: [String])
    case ambiguousLetter(String, candidates: [String])
    case severalDesks(String, services: [String])
    case noToken(file: String)
    case noOrderTokenKey(directory: String)
    case noPort(variable: String, value: String)
    case noHost(value: String)
    case noServiceHere(String)
    case serviceDown(service: String, place: String)
    case noAnswer(service: String, place: String, reason: String)
    case notDone(service: String, place: String, status: Int, reason: String)
    case badLine(file: String, line: Int, reason: String)
    case badDocument(file: String, reason: String)
    case subjectStays(String)
    case noEditor(String, status: Int32, draft: String)

    var description: String {
        switch self {
        case .noDataDirectory(let path):
            "there is no directory \(path). Start a run with 'Scripts/supervisor up --data \(ShellWord.quoted(path))', or name another with --data"
        case .nothingThere(let path):
            "\(path) holds no run: no log, no database, no pid file. "
                + "Start one with 'Scripts/supervisor up --data \(ShellWord.quoted(path))', or name another directory with --data"
        case .noLog(let path):
            "there is no event log in \(path). Has a service ever run on this data directory? See 'stampede status'"
        case .noTopic(let name, let known):
            "there is no topic '\(name)'\(Self.question(name, known)); there are: \(known.joined(separator: ", "))"
        case .noOrder(let id, let data):
            "no order \(id) in \(data): neither the log nor a database nor the gateway knows it, by its id, as an event, a "
                + "message, an idempotency key or a customer. 'stampede orders' lists the latest, and so does "
                + "'stampede tail --type v1.OrderCreated'"
        case .ambiguousOrder(let text, let candidates):
            "'\(text)' names \(candidates.count) orders; say which:\n" + candidates.joined(separator: "\n")
        case .noOrderOfEvent(let id, let type, let subject):
            "event \(id) is a \(type) about '\(subject)', which is no order. 'stampede tail --type \(type)' shows such events"
        case .noMailbox(let path):
            "there is no mailbox \(path): nothing was delivered yet. 'stampede status' shows how far notification is"
        case .noAlerts(let mailbox):
            "no message to the operator in \(mailbox). 'stampede dlq list' shows what lies dead"
        case .noMail(let order, let mailbox):
            "no message for order \(order) in \(mailbox). 'stampede order \(order)' shows what it waits for"
        case .notPassed(let topic, let service, let offset, let wanted):
            "\(service) has read \(topic) up to offset \(offset) only, so segments up to \(wanted) cannot go yet. "
                + "Wait until it has passed ('stampede status'), or leave --before out to archive what can go"
        case .noHead(let file, let line, let reason):
            "line \(line) of \(file) is no chain head: \(reason). 'stampede log verify --save-head FILE' writes such a file"
        case .noGroup(let group, let known):
            known.isEmpty
                ? "there is no group '\(group)': no dead letters lie there"
                : "there is no group '\(group)'\(Self.question(group, known)); there are: \(known.joined(separator: ", "))"
        case .noLetter(let id, let data):
            "no dead letter \(id) in \(data). 'stampede dlq list --letters --all' shows all of them"
        case .ambiguousLetter(let text, let candidates):
            "\(candidates.count) dead letters begin or end with '\(text)'; say which:\n"
                + candidates.joined(separator: "\n")
        case .severalDesks(let id, let services):
            "\(id) lies at several desks (\(services.joined(separator: ", "))); say which with --service"
        case .noToken(let file):
            "there is no operator's token \(file): no service ever started on this data directory. "
                + "Start the services ('Scripts/supervisor up'), or name another directory with --data"
        case .noOrderTokenKey(let directory):
            "there is no \(directory)/\(OrderTokens.fileName): order-service never started on this data directory, or somebody "
                + "moved the key away. Name another directory with --data, or put it back"
        case .noPort(let variable, let value):
            "\(variable) is '\(value)', which is no port"
        case .noHost(let value):
            "\(ServiceHosts.variable) is '\(value)', but must be \(ServiceHosts.expected)"
        case .noServiceHere(let path):
            "no service has a database in \(path), so it is not clear whom to ask: name one, as in 'stampede health order'"
        case .serviceDown(let service, let place):
            "\(service)-service does not answer on \(place), so nothing was asked of it. "
                + "Is it up? See 'Scripts/supervisor status', then run this again"
        case .noAnswer(let service, let place, let reason):
            "\(service)-service on \(place) gave no answer: \(reason). What was asked may have been done; "
                + "see 'Scripts/supervisor status', then run this again: nothing is done twice"
        case .notDone(let service, let place, let status, let reason):
            "\(service)-service on \(place) did not do it (\(status)): \(reason)"
        case .badLine(let file, let line, let reason):
            "line \(line) of \(file): \(reason). Nothing was sent"
        case .badDocument(let file, let reason):
            "\(file) is no document with 'type', 'subject' and 'data': \(reason)"
        case .subjectStays(let id):
            "the subject of \(id) cannot be changed: what happened happened to that order. Change type or data only"
        case .noEditor(let editor, let status, let draft):
            "'\(editor)' ended with \(status). Set VISUAL or EDITOR, or use --file; what was written is in \(draft)"
        case .unreadable(let file, let reason):
            "cannot read \(file): \(reason)"
        }
    }

    private static func question(_ name: String, _ known: [String]) -> String {
        NearMiss.question(name, among: known).map { "; \($0)" } ?? ""
    }
}
