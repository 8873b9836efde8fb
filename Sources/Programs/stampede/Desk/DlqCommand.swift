import ArgumentParser

struct DlqCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dlq", abstract: "Work on the dead letters: events that a service gave up on.",
        discussion: """
            list, show, export and --plan read the databases, also with the services down. What changes something goes \
            through the service that owns the letter, and can be run again: nothing is done twice.
            """,
        subcommands: [
            DlqListCommand.self, DlqShowCommand.self, DlqRetryCommand.self, DlqEditCommand.self,
            DlqDiscardCommand.self, DlqExportCommand.self, DlqImportCommand.self,
        ])

    func run() throws {
        try Self.helpAsMistake()
    }
}
