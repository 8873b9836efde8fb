package import ArgumentParser
import Foundation

/// What a command line that could not be parsed is answered with.
package struct UsageMistake {
    private let root: any ParsableCommand.Type
    private let arguments: [String]

    package init(in arguments: [String] = Array(CommandLine.arguments.dropFirst()), of root: any ParsableCommand.Type) {
        self.root = root
        self.arguments = arguments
    }

    /// ArgumentParser's message, or a better one: it knows nothing of mistyped subcommands, and lists values without saying
    /// which of them is nearest.
    package func message(_ message: String) -> String {
        if let command = unknownCommand { return command }
        var lines = message.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if let question = Self.nearestValue(in: lines[0]) {
            lines[0] += " " + question.prefix(1).uppercased() + question.dropFirst()
        }
        return lines.joined(separator: "\n")
    }

    /// `nil` if each word that stands for a subcommand is one.
    private var unknownCommand: String? {
        var command = root
        var path = root._commandName
        for argument in arguments {
            let subcommands = command.configuration.subcommands.filter { $0.configuration.shouldDisplay }
            if subcommands.isEmpty || argument == "help" { return nil }
            if argument.hasPrefix("-") {
                guard ["--data", "--json"].contains(argument.prefix { $0 != "=" }) else { return nil }
                return """
                    Error: '\(argument.prefix(Self.shown))' is an option of the commands, and stands behind one: \
                    \(path) COMMAND \(argument.prefix(Self.shown)) …
                      See '\(path) --help' for more information.
                    """
            }
            if let next = command.configuration.subcommands.first(where: { $0._commandName == argument }) {
                command = next
                path += " " + argument
                continue
            }
            let known = subcommands.map { $0._commandName }
            let advice = NearMiss.of(argument, among: known).map { "Did you mean '\(path) \($0)'?" }
            return """
                Error: There is no command '\(path) \(argument.prefix(Self.shown))'. \
                \(advice ?? "There are: " + known.joined(separator: ", ") + ".")
                  See '\(path) --help' for more information.
                """
        }
        return nil
    }

    /// Characters of a word that an answer shows.
    private static let shown = 60

    /// The nearest of the values that ArgumentParser lists: `The value 'x' is invalid for … one of 'a', 'b' or 'c'.`
    private static func nearestValue(in line: String) -> String? {
        let parts = line.split(separator: "'", omittingEmptySubsequences: false).map(String.init)
        guard let list = line.range(of: "Please provide one of "), parts.count > 2, line.hasPrefix("Error: The value '")
        else { return nil }
        let values = line[list.upperBound...].split(separator: "'", omittingEmptySubsequences: false)
        return NearMiss.question(parts[1], among: values.indices.filter { $0 % 2 == 1 }.map { String(values[$0]) })
    }
}
