import Foundation
import Synchronization

/// The commands that a program tells its user to type.
///
/// *Guarantee*: a command in a hint is about the data directory that the program was given. *If broken*: a user who copies it
/// works on another run, or on none.
package enum CommandHints {
    /// Behind each command in a hint; set when the command line is parsed.
    private static let option = Mutex("")

    package static func use(dataOption: String) {
        option.withLock { $0 = dataOption }
    }

    /// A command with the option, if it takes one.
    package static func command(_ command: String) -> String {
        let takesOption = programs.contains { command.hasPrefix($0 + " ") } && !command.contains("--data ")
        return takesOption ? command + option.withLock { $0 } : command
    }

    /// A text with the option in each command that stands in single quotes: `'stampede status'`, `'Scripts/supervisor up'`.
    package static func completed(_ text: String) -> String {
        completed(text, with: option.withLock { $0 })
    }

    static func completed(_ text: String, with option: String) -> String {
        guard !option.isEmpty else { return text }
        var result = ""
        var rest = text[...]
        while let command = nextCommand(in: rest) {
            result += rest[..<command.upperBound]
            if !rest[command].contains("--data "), !rest[command].hasSuffix("--help") { result += option }
            rest = rest[command.upperBound...]
        }
        return result + rest
    }

    /// What stands between the quotes of the next quoted command.
    private static func nextCommand(in text: Substring) -> Range<String.Index>? {
        let starts = programs.compactMap { text.range(of: "'\($0) ") }
        guard let start = starts.min(by: { $0.lowerBound < $1.lowerBound }),
            let end = text[start.upperBound...].firstIndex(of: "'")
        else { return nil }
        return text.index(after: start.lowerBound)..<end
    }

    private static let programs = ["stampede", "Scripts/supervisor", "flash-sale"]
}
