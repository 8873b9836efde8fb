import ArgumentParser
import Contracts

/// All that is known of one dead letter.
struct DlqShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a dead letter: its event, its error, what was done, what waits for it.",
        discussion: """
            The event is printed as JSON (CloudEvents, structured mode); bytes that are no event as a hex dump. \
            An event that several services gave up on is shown for each, or with --service for one.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "The letter at this service only.")
    var service: [ServiceArgument] = []

    @OptionGroup var personal: PersonalOption

    @Argument(help: "The event's id, or enough of its beginning or end to mean one.")
    var id: String

    func run() throws {
        let data = common.directory
        try data.require()
        let desks = Desks(data: data)
        let services = service.isEmpty ? ServiceName.allCases : service.map(\.service)
        let all = try desks.letters(LetterFilter(services: services, takesSettled: true))
        let wanted = try LetterID(id).resolve(among: all, data)
        let files = try all.filter { $0.id == wanted }.map { try LetterFile($0, desks, personal.view) }
        let output = Output()
        if common.json {
            output.line(try personal.view.view(.object(["letters": .array(files.map(\.json))])).document())
        } else {
            for (index, file) in files.enumerated() {
                if index > 0 { output.line(output.style.paint(String(repeating: "─", count: output.width), .faint)) }
                output.lines(LetterFileText(file: file).lines(width: output.width, style: output.style))
            }
        }
        output.flush()
    }
}
