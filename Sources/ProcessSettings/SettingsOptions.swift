package import ArgumentParser

/// The arguments by which every process takes its settings.
package struct SettingsOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: "A JSON file of settings. Default: STAMPEDE_CONFIG, else none.")
    package var file: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "A setting, stronger than file and environment; --print-config lists them.", valueName: "key=value"))
    package var values: [String] = []

    @Flag(name: .customLong("print-config"), help: "Print each setting and where it came from, and end.")
    package var printsSettings = false

    @Flag(name: .customLong("json"), help: "With --print-config: as JSON.")
    package var asJSON = false

    package init() {}

    package func validate() throws {
        guard printsSettings || !asJSON else { throw ValidationError("--json goes with --print-config") }
    }

    /// - Parameter more: settings that the program takes by options of their own, `KEY=VALUE`.
    /// - Throws: `SettingsRefused`.
    package func settings(dataDirectory: String, and more: [String] = []) throws(SettingsRefused) -> Settings {
        try Settings(dataDirectory: dataDirectory, from: SettingsSources(arguments: values + more, file: file))
    }

    /// Nil where it was not asked for.
    package func printed(_ settings: Settings) throws -> String? {
        guard printsSettings else { return nil }
        return asJSON ? try PrintedSettings(settings).json() : PrintedSettings(settings).table
    }
}
