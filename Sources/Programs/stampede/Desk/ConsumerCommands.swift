import ArgumentParser
import Contracts

/// Holds a service's consumer.
struct PauseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Hold a service's consumer: it reads and retries nothing until resumed.",
        discussion: """
            It stays paused over restarts. Requests are still answered, the outbox is still passed on, and dead letters \
            can be worked on. Exit codes: 0 paused, also where it was; 1 it could not be asked.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var actor: ActorOptions

    @Option(help: "Why, for the record.")
    var reason = "paused by hand"

    @Argument(help: "The service.")
    var service: ServiceArgument

    func validate() throws {
        try ReasonText.validate(reason)
    }

    func run() throws {
        let body: [String: JSONValue] = ["actor": .string(actor.actor), "reason": .string(reason)]
        try ConsumerSwitch(service: service.service, common: common)
            .turn("pause", body, done: "is paused", was: "was paused already")
    }
}

/// Lets a service's consumer go on.
struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let a paused consumer go on.",
        discussion: "Exit codes: 0 it goes on, also where it did; 1 it could not be asked.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var actor: ActorOptions

    @Argument(help: "The service.")
    var service: ServiceArgument

    func run() throws {
        try ConsumerSwitch(service: service.service, common: common)
            .turn("resume", ["actor": .string(actor.actor)], done: "goes on", was: "was not paused")
    }
}

private struct ConsumerSwitch {
    let service: ServiceName
    let common: CommonOptions

    func turn(_ action: String, _ body: [String: JSONValue], done: String, was: String) throws {
        try common.directory.require()
        let answer = try OperatorClient(service, RunDirectory(common.directory)).put(action, .object(body))
        let hasChanged = answer["changed"] == .bool(true)
        let output = Output()
        if common.json {
            let json = JSONValue.object(["service": .string(service.rawValue), "changed": .bool(hasChanged)])
            output.line(try json.document())
        } else {
            output.line("The consumer of \(Program.of(service).name) \(hasChanged ? done : was).")
        }
        output.flush()
    }
}
