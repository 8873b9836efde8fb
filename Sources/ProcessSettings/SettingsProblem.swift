import CommandLineKit

/// Something that a source says and that cannot be.
package struct SettingsProblem: Error, Equatable {
    /// The setting concerned; nil where there is none of that name.
    package let setting: String?
    /// A variable, an argument, or a file and its line.
    package let place: String
    package let text: String

    static func value(_ definition: SettingDefinition, _ text: String, at place: String) -> SettingsProblem {
        SettingsProblem(
            setting: definition.name, place: place,
            text: "\(definition.name) is '\(shown(text))', but must be \(definition.kind.expected)")
    }

    /// - Parameter known: names that could have been meant.
    static func unknown(_ name: String, among known: [String], at place: String) -> SettingsProblem {
        let advice = NearMiss.of(name, among: known).map { "; did you mean \($0)?" } ?? "; --print-config lists all"
        return SettingsProblem(setting: nil, place: place, text: "there is no setting '\(shown(name))'\(advice)")
    }

    /// As it can stand in a line of a terminal: nothing that steers it, and not without end.
    static func shown(_ text: String) -> String {
        let line = text.unicodeScalars.prefix(shownScalars).map { scalar in
            [.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
                ? scalar.escaped(asASCII: true) : String(scalar)
        }.joined()
        return text.unicodeScalars.count > shownScalars ? line + "…" : line
    }

    private static let shownScalars = 100
}

/// A configuration with at least one mistake: all of them.
package struct SettingsRefused: Error, CustomStringConvertible {
    package let problems: [SettingsProblem]

    package var description: String {
        let count = problems.count == 1 ? "1 mistake" : "\(problems.count) mistakes"
        let lines = problems.map { "  \($0.place): \($0.text)" }
        return (["the configuration has \(count), so nothing was started"] + lines).joined(separator: "\n")
    }
}
