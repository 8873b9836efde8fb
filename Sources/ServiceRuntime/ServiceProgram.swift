import Access
package import ArgumentParser
import CommandLineKit
import CPlatform
import Contracts
package import Delivery
import Foundation
import GRDB
import EventLog
import FileEventLog
import Logging
import ProcessIO
package import ProcessSettings

/// The arguments that every service takes.
package struct ServiceOptions: ParsableArguments {
    @Option(name: .customLong("data"), help: "The data directory of the run; else STAMPEDE_DATA names it.")
    package var dataDirectory = UsualDataDirectory().path

    @Option(
        name: .customLong("rebuild-into"),
        help: "Rebuild the domain tables from the log into DIR, print where, and end.")
    package var rebuildDirectory: String?

    @Option(
        name: .customLong("test-faults"),
        help: "For tests: fail by the rules in FILE, and take events from the operator.")
    package var testFaultsFile: String?

    @OptionGroup(title: "Settings")
    package var settings: SettingsOptions

    package init() {}

    package func validate() throws {
        for (option, path) in [("--data", dataDirectory), ("--rebuild-into", rebuildDirectory ?? ".")] {
            guard !path.isEmpty else { throw ValidationError("\(option) names no directory") }
        }
        CommandHints.use(dataOption: UsualDataDirectory().option(for: dataDirectory))
    }
}

/// A service's `main`: parses, runs or rebuilds, and turns what ended it into an exit code.
package protocol ServiceProgram: AsyncParsableCommand {
    var options: ServiceOptions { get }
    func card(_ settings: Settings) throws -> ServiceCard
    func serve(_ settings: Settings, _ card: ServiceCard) async throws
}

extension ServiceProgram {
    package func run() async throws {
        let settings = try options.settings.settings(dataDirectory: PlainPath.of(options.dataDirectory))
        if let text = try options.settings.printed(settings) { return _ = try StandardOutput.write(text.utf8) }
        let card = try card(settings)
        if let directory = options.rebuildDirectory {
            try StandardOutput.line(try RebuildRun(card: card, settings: settings).run(into: PlainPath.of(directory)))
        } else {
            if settings.countsMetrics { PrometheusRegistry.bootstrap() }
            let level = Logger.Level(rawValue: settings.logLevel) ?? .info  // the settings know the levels
            (LogForm(rawValue: settings.logForm) ?? .auto).bootstrap(level: level)  // and the forms
            try await serve(settings, try failing(card))
        }
    }

    private func failing(_ card: ServiceCard) throws -> ServiceCard {
        guard let file = options.testFaultsFile else { return card }
        return card.failing(try TestFaultsFile.read(file, for: card))
    }

    /// Instead of ArgumentParser's `main`, whose exit codes are its own.
    package static func start() async -> Never {
        ProcessStart.prepare()
        CreationMask.tighten()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            Foundation.exit(0)
        } catch {
            var code = ExitStatus.code(for: error)
            if code == 0 {
                do {
                    try StandardOutput.line(Self.fullMessage(for: error))
                } catch {
                    StandardError.line("\(_commandName): \(error)")
                    code = ExitStatus.failure
                }
            } else {
                let isOfParser = ExitStatus.isOfArgumentParser(error)
                StandardError.line(
                    isOfParser
                        ? UsageMistake(of: Self.self).message(Self.fullMessage(for: error))
                        : "\(_commandName): \(CommandHints.completed("\(error)"))")
            }
            Foundation.exit(code)
        }
    }
}

/// Exit codes of the services (sysexits.h where one fits).
package enum ExitStatus {
    package static let failure: Int32 = 1
    package static let usage: Int32 = 2
    /// Told to stop, a part of the service did not end within the limit: it is named in the log.
    package static let stopTimedOut: Int32 = 70
    /// The data directory, or something in it, was removed or replaced: a restart would begin a new, empty shop.
    package static let dataReplaced = FileReplaced.exitCode
    /// A write or sync failed: restart, the log is read again.
    package static let poisoned: Int32 = 75
    /// 76: a handler trapped on an event, and the program could not start again by itself; the event is marked: restart at
    /// once, and it is tried again, or buried.
    package static let trapped = Int32(stampede_trap_exit_code)
    /// Log, database or configuration do not fit: a restart changes nothing.
    package static let refused: Int32 = 78

    private static let damage: [ResultCode] = [
        .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_FORMAT,
        .SQLITE_SCHEMA,
    ]

    static func isOfArgumentParser(_ error: any Error) -> Bool {
        let name = String(reflecting: type(of: error))
        return name.hasPrefix("ArgumentParser.")
    }

    static func code(for error: any Error) -> Int32 {
        if isOfArgumentParser(error) {
            return ServiceOptions.exitCode(for: error) == .success ? 0 : usage
        }
        switch error {
        case is SettingsRefused, is ConfigurationError: return usage
        case is FileReplaced, is DatabaseMoved: return dataReplaced
        case is AlreadyRunning, is OutboxMismatch, is OutboxGap, is DurabilityError, is DatabaseRefused: return refused
        case let error as AccessError: return error.isOfTheDisk ? poisoned : refused
        case let error as LogError:
            switch error {
            case .removed: return dataReplaced
            case .syncFailed, .fenced, .noSpace: return poisoned
            case .unreadable(_, _, _, let errno) where [ENOSPC, EDQUOT, EIO].contains(errno): return poisoned
            default: return refused
            }
        case let error as DiskError where [ENOSPC, EDQUOT, EIO].contains(error.errno): return poisoned
        // A file of the service's own, such as the mailbox, that could not be written or synced.
        case let error as any EnvironmentFault where error.isFinal: return poisoned
        case let error as DatabaseError where [.SQLITE_IOERR, .SQLITE_FULL].contains(error.resultCode): return poisoned
        // Damaged, no database, of another schema, or against its own constraints: the same at every start.
        case let error as DatabaseError where damage.contains(error.resultCode): return refused
        case is RowDecodingError: return refused
        default: return failure
        }
    }
}
