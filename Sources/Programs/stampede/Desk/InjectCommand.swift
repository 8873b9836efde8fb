import ArgumentParser
import Contracts
import Foundation

/// Hands a service raw events for its own topic: for tests.
struct InjectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inject", abstract: "Append raw events to a service's own topic, through its outbox, for tests.",
        discussion: """
            FILE ('-' is stdin) has an event a line: CloudEvents JSON as 'stampede tail --json' prints it, or \
            {"base64":"…"} for bytes that may be no event at all. Works only where the service was started with \
            --test-faults. Lines of an event that the topic already has are appended once more, under the same id.
            Exit codes: 0 all are in the outbox, 1 some are not.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var actor: ActorOptions

    @Option(help: "The service.")
    var service: ServiceArgument

    @Argument(help: "The events.", completion: .file())
    var file: String

    func run() throws {
        try common.directory.require()
        let events = try InputLines.read(file).map(Self.event)
        let client = try OperatorClient(service.service, RunDirectory(common.directory))
        let output = Output()
        var places: [JSONValue] = []
        for start in stride(from: 0, to: events.count, by: LetterWork.maximumItems) {
            let chunk = events[start..<min(start + LetterWork.maximumItems, events.count)]
            let body = JSONValue.object([
                "events": .array(chunk.map { .string(Data($0).base64EncodedString()) }),
                "actor": .string(actor.actor),
            ])
            do {
                places += try client.put("inject", body, isRepeatable: false)["results"]?.elements ?? []
            } catch {
                if !places.isEmpty {
                    Talk.say(
                        "\(Words.counted(places.count, "event")) of \(Words.count(events.count)) were taken before:")
                }
                throw error
            }
        }
        let topic = service.service.topic.name
        if common.json {
            output.line(try JSONValue.object(["topic": .string(topic), "results": .array(places)]).document())
        } else if let first = places.first?["offset"]?.whole, let last = places.last?["offset"]?.whole {
            output.line("\(Words.counted(places.count, "event")) for \(topic)@\(first) to \(topic)@\(last)")
        }
        output.flush()
    }

    /// - Throws: `Failure.badLine`.
    private static func event(_ line: InputLines.Line) throws -> [UInt8] {
        guard let json = JSONValue.parse(line.bytes) else { throw line.failure("it is no JSON") }
        if let text = json["base64"]?.text {
            guard let bytes = Data(base64Encoded: text) else { throw line.failure("'base64' is not base64") }
            return [UInt8](bytes)
        }
        do {
            return try EventCoding.encode(try CloudEventLine(json).envelope)
        } catch {
            throw line.failure("\(error)")
        }
    }
}
