import ArgumentParser
import Contracts
import Foundation

/// Puts exported letters back onto the desks.
struct DlqImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Put the letters of an export onto their services' desks.",
        discussion: """
            Reads what 'stampede dlq export' wrote; '-' is stdin. Only open letters are imported, with the event's \
            original bytes: an edit is made again. A letter that its service knows is a duplicate and changes nothing; \
            one older than the service remembers is refused without --force.
            Exit codes: 0 done, 1 something was refused or failed.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var actor: ActorOptions

    @Flag(help: "Also letters of which nobody remembers whether they were applied.")
    var force = false

    @Argument(help: "The file of an export.", completion: .file())
    var file: String

    /// A request's base64, in bytes.
    private static let maximumBytes = 8 << 20

    func run() throws {
        let data = common.directory
        try data.require()
        let letters = try InputLines.read(file).map(ExportedLetter.init)
        let results = LetterResults(isJSON: common.json)
        let settled = letters.count { !$0.isOpen }
        if settled > 0 { Talk.say("\(Words.counted(settled, "settled letter")) left out") }
        let run = RunDirectory(data)
        for service in ServiceName.allCases {
            let mine = letters.filter { $0.service == service && $0.isOpen }
            guard !mine.isEmpty else { continue }
            do {
                let client = try OperatorClient(service, run)
                for chunk in Self.chunks(mine) {
                    let body = JSONValue.object([
                        "letters": .array(chunk.map(\.json)), "force": .bool(force), "actor": .string(actor.actor),
                    ])
                    results.add(service, try client.put("dead-letters/import", body))
                }
            } catch {
                results.problem("\(error)")
            }
        }
        try results.finish()
    }

    private static func chunks(_ letters: [ExportedLetter]) -> [[ExportedLetter]] {
        var chunks: [[ExportedLetter]] = []
        var bytes = 0
        for letter in letters {
            if chunks.isEmpty || bytes + letter.bytes > maximumBytes
                || chunks[chunks.count - 1].count == LetterWork.maximumItems
            {
                chunks.append([])
                bytes = 0
            }
            chunks[chunks.count - 1].append(letter)
            bytes += letter.bytes
        }
        return chunks
    }
}

/// A line of an export, as far as an import needs it.
struct ExportedLetter {
    let service: ServiceName
    let isOpen: Bool
    /// Of its base64.
    let bytes: Int
    let json: JSONValue

    private static let wanted = [
        "eventId", "topic", "offset", "event", "errorKind", "error", "attempts", "firstFailedAt", "diedAt",
    ]

    /// - Throws: `Failure.badLine`.
    init(_ line: InputLines.Line) throws {
        guard let json = JSONValue.parse(line.bytes) else { throw line.failure("it is no JSON") }
        guard let service = json["service"]?.text.flatMap(ServiceName.init(rawValue:)) else {
            throw line.failure("it names no service; is it a line of 'stampede dlq export'?")
        }
        var members: [String: JSONValue] = [:]
        for name in Self.wanted {
            guard let value = json[name], value != .null else { throw line.failure("'\(name)' is missing") }
            members[name] = value
        }
        guard members["eventId"]?.text.flatMap({ EventID($0) }) != nil else { throw line.failure("'eventId' is no id") }
        self.service = service
        isOpen = json["state"]?.text ?? "open" == "open"
        bytes = members["event"]?.text?.utf8.count ?? 0
        self.json = .object(members)
    }
}
