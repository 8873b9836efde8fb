import Access
import ArgumentParser
import CommandLineKit
import Foundation
import GRDB
import ProcessIO
import ProcessSettings

/// Runs the command and maps its errors to the exit codes of this house.
@main
enum Main {
    /// A command line that makes no sense.
    static let usageExitCode: Int32 = 2
    /// Another instance holds the data directory: come back when it has gone (EX_TEMPFAIL).
    static let directoryInUseExitCode: Int32 = 75
    /// The disk or the ledger's file failed: nothing more may be promised (EX_IOERR).
    static let diskFailureExitCode: Int32 = 74

    /// The ledger's file is damaged or none of the gateway's: a restart changes nothing (EX_CONFIG).
    static let refusedExitCode: Int32 = 78

    /// What a failure of the ledger ends the process with.
    static func exitCode(forLedger error: DatabaseError) -> Int32 {
        switch error.resultCode {
        case .SQLITE_IOERR: diskFailureExitCode
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_SCHEMA: refusedExitCode
        default: EXIT_FAILURE
        }
    }

    static func main() async {
        ProcessStart.prepare()
        CreationMask.tighten()
        do {
            var command = try PaymentGateway.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }

    private static func end(with error: any Error) -> Never {
        if let error = error as? DataDirectoryInUse {
            complain("payment-gateway: \(error)")
            exit(directoryInUseExitCode)
        }
        if let error = error as? FileReplaced {
            complain("payment-gateway: \(error)")
            exit(FileReplaced.exitCode)
        }
        if let error = error as? DatabaseError {
            complain("payment-gateway: \(error)")
            exit(exitCode(forLedger: error))
        }
        if let error = error as? SettingsRefused {
            complain("payment-gateway: \(error)")
            exit(usageExitCode)
        }
        let code = PaymentGateway.exitCode(for: error)
        if code == .success {
            do {
                try StandardOutput.line(PaymentGateway.fullMessage(for: error))
            } catch {
                complain("payment-gateway: \(error)")
                exit(EXIT_FAILURE)
            }
            exit(EXIT_SUCCESS)
        }
        if code == .validationFailure {
            complain(UsageMistake(of: PaymentGateway.self).message(PaymentGateway.fullMessage(for: error)))
            exit(usageExitCode)
        }
        complain("payment-gateway: \(error)")
        exit(EXIT_FAILURE)
    }

    private static func complain(_ text: String) {
        StandardError.line(text)
    }
}
