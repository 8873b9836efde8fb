/// Why a command cannot answer. Each says where, and what to do.
enum Failure: Error, Equatable, CustomStringConvertible {
    case noDataDirectory(String)
    case nothingThere(String)
    case noLog(String)
    case noTopic(String, known: [String])
    case noOrder(String, data: String)
    case ambiguousOrder(String, candidates: [String])
    case noMailbox(String)
    case noMail(order: String, mailbox: String)
    case unreadable(file: String, reason: String)
    case notPassed(topic: String, service: String, offset: UInt64, wanted: UInt64)
    case noHead(file: String, line: Int, reason: String)

    var description: String {
        switch self {
        case .noDataDirectory(let path):
            "there is no directory \(path). Start a run with 'Scripts/supervisor up --data \(path)', or name another with --data"
        case .nothingThere(let path):
            "\(path) holds no run: no log, no database, no pid file. "
                + "Start one with 'Scripts/supervisor up --data \(path)', or name another directory with --data"
        case .noLog(let path):
            "there is no event log in \(path). Has a service ever run on this data directory? See 'stampede status'"
        case .noTopic(let name, let known):
            "there is no topic '\(name)'; there are: \(known.joined(separator: ", "))"
        case .noOrder(let id, let data):
            "no order \(id) in \(data): neither the log nor a database nor the gateway knows it. "
                + "'stampede tail --type v1.OrderCreated' shows the latest orders"
        case .ambiguousOrder(let text, let candidates):
            "\(candidates.count) orders end in '\(text)'; say which:\n" + candidates.joined(separator: "\n")
        case .noMailbox(let path):
            "there is no mailbox \(path): nothing was delivered yet. 'stampede status' shows how far notification is"
        case .noMail(let order, let mailbox):
            "no message for order \(order) in \(mailbox). 'stampede order \(order)' shows what it waits for"
        case .notPassed(let topic, let service, let offset, let wanted):
            "\(service) has read \(topic) up to offset \(offset) only, so segments up to \(wanted) cannot go yet. "
                + "Wait until it has passed ('stampede status'), or leave --before out to archive what can go"
        case .noHead(let file, let line, let reason):
            "line \(line) of \(file) is no chain head: \(reason). 'stampede log verify --save-head FILE' writes such a file"
        case .unreadable(let file, let reason):
            "cannot read \(file): \(reason)"
        }
    }
}
