import Foundation

/// What every program does before anything else.
package enum ProcessStart {
    private static let usageExitCode: Int32 = 2

    /// Puts right what a caller may leave behind, and refuses names that Swift cannot carry.
    package static func prepare() {
        // Ignored by the caller it would be ignored here, and every child's exit code be lost.
        signal(SIGCHLD, SIG_DFL)
        refuseForeignNames()
    }

    /// *Why*: a `String` takes other bytes in the place of those that are no UTF-8. *If broken*: half of the programs work
    /// in the directory that was named, the other half in one that they make beside it.
    private static func refuseForeignNames() {
        let arguments = (1..<max(1, Int(CommandLine.argc))).compactMap { CommandLine.unsafeArgv[$0].map(bytes) }
        for argument in arguments where !isText(argument) {
            refuse("the argument \(shown(argument)) is not UTF-8; rename the file or directory, or give another one")
        }
        var next = environ
        while let entry = next.pointee.map(bytes) {
            next += 1
            let isOurs = entry.starts(with: "STAMPEDE_".utf8) || entry.starts(with: "TMPDIR=".utf8)
            if isOurs, !isText(entry) {
                refuse("the variable \(shown(entry)) is not UTF-8; rename the file or directory, or set another one")
            }
        }
        var current = [CChar](repeating: 0, count: Int(PATH_MAX))
        if let path = getcwd(&current, current.count).map({ bytes($0) }), !isText(path) {
            refuse("the working directory \(shown(path)) is not UTF-8; rename it, or work in another one")
        }
    }

    private static func bytes(_ text: UnsafeMutablePointer<CChar>) -> [UInt8] {
        (0..<strlen(text)).map { UInt8(bitPattern: text[$0]) }
    }

    private static func isText(_ bytes: [UInt8]) -> Bool { String(validating: bytes, as: UTF8.self) != nil }

    /// With every byte that is no plain character as `\xFF`.
    private static func shown(_ bytes: [UInt8]) -> String {
        "'"
            + bytes.map { byte in
                (0x20..<0x7F).contains(byte)
                    ? String(UnicodeScalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }.joined() + "'"
    }

    private static func refuse(_ reason: String) -> Never {
        let program = CommandLine.arguments.first?.split(separator: "/").last ?? "stampede"
        StandardError.line("\(program): \(reason)")
        exit(usageExitCode)
    }
}
