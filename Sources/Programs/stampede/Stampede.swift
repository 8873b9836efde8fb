import Access
import ArgumentParser
import CommandLineKit
import Foundation
import ProcessIO

/// The operator's command line: looks at a run, and has its services mend what they gave up on.
@main
struct Stampede: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stampede",
        abstract: "Look at a run: what lives, what happened, and whether it held; work on what failed.",
        discussion: """
            Reads only, but for dlq, stock set, pause, resume and inject, which ask the service concerned, and 'log archive'.
            Who is behind: lag. Which orders failed, and why: orders --failed. Why one of them: order NAME. What the \
            services gave up on: dlq list. Everything at a glance: status --watch.
            Data goes to stdout, talk to stderr; NO_COLOR is honoured.
            Exit codes: 0 ok, 1 failure, 2 wrong usage, 3 an invariant is broken, 4 not known yet.
            """,
        version: StampedeVersion.text,
        subcommands: [
            StatusCommand.self, HealthCommand.self, LagCommand.self, TailCommand.self, OrdersCommand.self,
            OrderCommand.self, OrderTokenCommand.self, MailCommand.self, AuditCommand.self,
            LogCommand.self, DlqCommand.self, StockCommand.self, PauseCommand.self, ResumeCommand.self,
            InjectCommand.self,
        ])

    /// ArgumentParser's 64 (EX_USAGE) is 2 here.
    private static let usage: Int32 = 2

    static func main() {
        ProcessStart.prepare()
        CreationMask.tighten()
        // A closed pipe is an error of `write` then, which `Output` ends on in silence.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            let code = exitCode(for: error)
            var message = fullMessage(for: error)
            if code == .validationFailure { message = UsageMistake(of: Self.self).message(message) }
            if !message.isEmpty {
                // Help that was asked for is data; everything else is talk.
                if code.isSuccess { Output.printWhole(message) } else { Talk.say(message) }
            }
            Foundation.exit(code == .validationFailure ? usage : code.rawValue)
        }
    }

    func run() throws {
        try Self.helpAsMistake()
    }
}

extension ParsableCommand {
    /// A command that only groups others was called without one of them.
    static func helpAsMistake() throws {
        Talk.say(Stampede.helpMessage(for: Self.self))
        throw ExitCode.validationFailure
    }
}
