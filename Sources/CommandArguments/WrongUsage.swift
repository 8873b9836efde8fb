package import ArgumentParser
import Foundation

extension ParsableCommand {
    /// The exit code of wrong usage: ArgumentParser's own is 64 (EX_USAGE).
    package static var wrongUsage: Int32 { 2 }

    /// Ends the process as `exit(withError:)` does, with `wrongUsage` for wrong usage.
    package static func end(with error: any Error) -> Never {
        guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
        // Where it cannot be written, nobody is left to tell.
        try? FileHandle.standardError.write(contentsOf: Data((fullMessage(for: error) + "\n").utf8))
        Foundation.exit(wrongUsage)
    }
}
