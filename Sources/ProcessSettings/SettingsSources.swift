import Configuration
import Foundation
import Synchronization

/// A value that somebody said.
package struct SettingOrigin: Sendable {
    package enum Source: String, Sendable {
        case file, environment, arguments
    }

    package let text: String
    package let source: Source
    /// `shop.json:12`, `STAMPEDE_CHECKOUT_PORT` or `--set checkout.port`.
    package let place: String
}

/// Where a process' settings come from, before anything of it is believed.
package struct SettingsSources: Sendable {
    /// `KEY=VALUE` each.
    package var arguments: [String]
    package var file: String?
    package var environment: [String: String]

    /// - Parameter file: where nil, `STAMPEDE_CONFIG` of the environment may name one.
    package init(
        arguments: [String] = [], file: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.arguments = arguments
        self.environment = environment
        self.file = file ?? environment[OtherVariables.configurationFile]
    }

    /// What is said of each setting by the strongest of those who say something right, and everything wrong that anybody
    /// says, also where a stronger one hides it.
    func read() -> (origins: [String: SettingOrigin], problems: [SettingsProblem]) {
        var problems: [SettingsProblem] = []
        // The strongest first, as `ConfigReader` asks them.
        let layers = [
            fromArguments(&problems), fromEnvironment(&problems), fromFile(&problems),
        ]
        let asked = LastAnswer()
        let reader = ConfigReader(providers: layers.map(Self.provider), accessReporter: asked)
        var origins: [String: SettingOrigin] = [:]
        for definition in Settings.definitions {
            guard reader.string(forKey: Self.key(definition.name)) != nil, let layer = asked.layer else { continue }
            origins[definition.name] = layers[layer][definition.name]
        }
        return (origins, problems.reversed())
    }

    /// Which of the providers answered last.
    private final class LastAnswer: AccessReporter {
        private let index = Mutex<Int?>(nil)
        var layer: Int? { index.withLock { $0 } }

        func report(_ event: AccessEvent) {
            index.withLock { index in
                index = event.providerResults.firstIndex { (try? $0.result.get())?.value != nil }
            }
        }
    }

    private static func provider(_ layer: [String: SettingOrigin]) -> any ConfigProvider {
        InMemoryProvider(
            values: Dictionary(
                uniqueKeysWithValues: layer.map { name, origin in
                    (AbsoluteConfigKey(key(name)), ConfigValue(.string(origin.text), isSecret: false))
                }))
    }

    private static func key(_ name: String) -> ConfigKey { ConfigKey(name.split(separator: ".").map(String.init)) }

    // MARK: - The three that speak

    private static let byName = Dictionary(uniqueKeysWithValues: Settings.definitions.map { ($0.name, $0) })
    private static let byVariable = Dictionary(uniqueKeysWithValues: Settings.definitions.map { ($0.variable, $0) })

    private func fromArguments(_ problems: inout [SettingsProblem]) -> [String: SettingOrigin] {
        var layer: [String: SettingOrigin] = [:]
        for argument in arguments.reversed() {
            let pair = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let place = "--set \(SettingsProblem.shown(pair[0]))"
            guard pair.count == 2 else {
                problems.append(SettingsProblem(setting: nil, place: place, text: "--set takes KEY=VALUE"))
                continue
            }
            guard layer[pair[0]] == nil else {
                problems.append(SettingsProblem(setting: pair[0], place: place, text: "\(pair[0]) is given twice"))
                continue
            }
            let origin = SettingOrigin(text: pair[1], source: .arguments, place: place)
            take(pair[0], origin, into: &layer, &problems)
        }
        return layer
    }

    private func fromEnvironment(_ problems: inout [SettingsProblem]) -> [String: SettingOrigin] {
        var layer: [String: SettingOrigin] = [:]
        for (variable, text) in environment.sorted(by: { $0.key > $1.key })
        where variable.hasPrefix(SettingDefinition.prefix) && !OtherVariables.names.contains(variable) {
            guard let definition = Self.byVariable[variable] else {
                let known = OtherVariables.names.union(Self.byVariable.keys)
                problems.append(.unknown(variable, among: Array(known), at: variable))
                continue
            }
            let origin = SettingOrigin(text: text, source: .environment, place: variable)
            take(definition.name, origin, into: &layer, &problems)
        }
        return layer
    }

    private func fromFile(_ problems: inout [SettingsProblem]) -> [String: SettingOrigin] {
        guard let file else { return [:] }
        var layer: [String: SettingOrigin] = [:]
        let found: [ConfigurationFile.Entry]
        do {
            found = try ConfigurationFile.read(file)
        } catch {
            problems.append(error)
            return [:]
        }
        for entry in found.reversed() {
            let place = "\(file):\(entry.line)"
            if let definition = Self.byName[entry.name], !entry.fits(definition.kind) {
                problems.append(.value(definition, entry.written, at: place))
                continue
            }
            if layer[entry.name] != nil {
                problems.append(
                    SettingsProblem(
                        setting: entry.name, place: place, text: "\(entry.name) is given again further down"))
                continue
            }
            take(entry.name, SettingOrigin(text: entry.text, source: .file, place: place), into: &layer, &problems)
        }
        return layer
    }

    private func take(
        _ name: String, _ origin: SettingOrigin, into layer: inout [String: SettingOrigin],
        _ problems: inout [SettingsProblem]
    ) {
        guard let definition = Self.byName[name] else {
            problems.append(.unknown(name, among: Array(Self.byName.keys), at: origin.place))
            return
        }
        guard definition.kind.allows(origin.text) else {
            problems.append(.value(definition, origin.text, at: origin.place))
            return
        }
        layer[name] = origin
    }
}
