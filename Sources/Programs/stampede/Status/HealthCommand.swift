import ArgumentParser
import CommandArguments
import Contracts
import Foundation
import NIOCore
import NIOHTTP1

/// Whether services are ready, by their own word: for the health check of a container, and for scripts that wait.
struct HealthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask services whether they are ready.",
        discussion: """
            Asks /health/ready on the admin port. Without a name: each service whose database lies in the data directory; \
            in a container that is the one that runs there. Exit codes: 0 all are ready, 1 one is not, or there is none.
            """)

    @OptionGroup var common: CommonOptions

    @Option(within: 0...3600, help: "Seconds to wait until all are ready.")
    var wait = 0.0

    @Argument(help: "order, inventory, payment, notification, analytics, gateway.")
    var services: [ProgramArgument] = []

    private static let pauseSeconds = 0.1

    func run() throws {
        let data = common.directory
        let programs = services.isEmpty ? Self.residents(of: data) : services.map(\.program)
        guard !programs.isEmpty else { throw Failure.noServiceHere(data.path) }
        let run = RunDirectory(data)
        let places = try programs.map { ($0, try run.healthPlace(of: $0)) }
        let deadline = ContinuousClock.now + .seconds(wait)
        var answers = concurrently(places) { Health.ask($0.0, at: $0.1) }
        while !answers.allSatisfy(\.isReady), ContinuousClock.now < deadline {
            Thread.sleep(forTimeInterval: Self.pauseSeconds)
            answers = concurrently(places) { Health.ask($0.0, at: $0.1) }
        }
        try show(answers)
        if !answers.allSatisfy(\.isReady) { throw ExitCode.failure }
    }

    private static func residents(of data: DataDirectory) -> [Program] {
        Program.all.filter { FileManager.default.fileExists(atPath: $0.database(data)) }
    }

    private func show(_ answers: [Health]) throws {
        let output = Output()
        if common.json {
            let services = answers.map { answer in
                JSONValue.object([
                    "name": .string(answer.program.name), "ready": .bool(answer.isReady),
                    "why": answer.obstacle.map(JSONValue.string) ?? .null,
                ])
            }
            output.line(try JSONValue.object(["services": .array(services)]).document())
        } else {
            for answer in answers {
                output.line(TerminalText.safe("\(answer.program.name): \(answer.obstacle ?? "ready")"))
            }
        }
        output.flush()
    }
}

/// What one program answered.
struct Health: Sendable {
    let program: Program
    /// Why it is not ready; nil where it is.
    let obstacle: String?

    var isReady: Bool { obstacle == nil }

    private static let timeLimit = TimeAmount.seconds(2)

    static func ask(_ program: Program, at place: ServicePlace) -> Health {
        let request = LoopbackHTTP.Request(method: .GET, path: "/health/ready")
        do throws(LoopbackHTTP.Failed) {
            let answer = try LoopbackHTTP.send(request, to: place, within: timeLimit)
            guard answer.status != 200 else { return Health(program: program, obstacle: nil) }
            let reason = String(decoding: answer.body.prefix(1000), as: UTF8.self)
            return Health(
                program: program,
                obstacle: "not ready: " + reason.trimmingCharacters(in: .newlines).replacing("\n", with: "; "))
        } catch {
            let obstacle =
                switch error {
                case .notSent: "not up: nobody listens at \(place)"
                case .noAnswer(let reason): "no answer at \(place): \(reason)"
                }
            return Health(program: program, obstacle: obstacle)
        }
    }
}

/// A service or the gateway, as it is named on the command line: `payment`, `payment-service`, `gateway`.
struct ProgramArgument: ExpressibleByArgument {
    let program: Program

    init?(argument: String) {
        if argument == "gateway" || argument == Program.gateway.name {
            program = .gateway
        } else if let service = ServiceArgument(argument: argument) {
            program = .of(service.service)
        } else {
            return nil
        }
    }

    static var allValueStrings: [String] { ServiceArgument.allValueStrings + ["gateway"] }
}
