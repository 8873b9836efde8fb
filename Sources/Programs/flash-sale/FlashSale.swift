import Access
import ArgumentParser
import CommandLineKit
import Foundation
import ProcessIO

/// The load generator: a sale or a replay of real orders, then the audit's verdict.
///
/// Exit codes: 0 VALID, 1 failure, 2 usage, 3 INVALID, 4 UNKNOWN or NOTHING TO JUDGE.
@main
struct FlashSale: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flash-sale",
        abstract: "Send the shoppers, follow their orders, report, and let the audit judge.",
        discussion: "Exit codes: 0 VALID, 1 failure, 2 usage, 3 INVALID, 4 UNKNOWN or NOTHING TO JUDGE.",
        version: StampedeVersion.text,
        subcommands: [RunCommand.self, ReplayCommand.self, WorkerCommand.self])

    private static let usageExitCode: Int32 = 2

    static func main() async {
        ProcessStart.prepare()
        CreationMask.tighten()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            let code = exitCode(for: error)
            var message = CommandHints.completed(fullMessage(for: error))
            if code == .validationFailure { message = UsageMistake(of: Self.self).message(message) }
            if !message.isEmpty {
                // Help that was asked for is data; everything else is talk.
                if code.isSuccess { end(printing: message) }
                StandardError.line(message)
            }
            Foundation.exit(code == .validationFailure ? usageExitCode : code.rawValue)
        }
    }

    private static func end(printing text: String) -> Never {
        do {
            try StandardOutput.line(text)
        } catch {
            StandardError.line("flash-sale: \(error)")
            Foundation.exit(ExitCode.failure.rawValue)
        }
        Foundation.exit(ExitCode.success.rawValue)
    }
}
