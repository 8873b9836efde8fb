import ArgumentParser
struct TailCommand: ParsableCommand { static let configuration = CommandConfiguration(commandName: "tail") }
