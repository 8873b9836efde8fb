import ArgumentParser

struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Look after the event log.",
        subcommands: [
            LogVerifyCommand.self, LogStatsCommand.self, LogExportCommand.self, LogArchiveCommand.self,
        ])

    func run() throws {
        try Self.helpAsMistake()
    }
}
