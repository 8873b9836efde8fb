import Synchronization

/// One value that a process is told from outside: a row of the table in `Settings`.
///
/// The declaration says everything about it: name, what it may be, default, meaning, who uses it. Reading, refusal,
/// `--print-config` and `docs/reference/configuration.md` follow from it.
@propertyWrapper
package struct Setting<Value: SettingValue>: SettingField {
    package let definition: SettingDefinition
    private let fallback: Value
    private let said = Said()

    private final class Said: Sendable {
        let value = Mutex<Value?>(nil)
    }

    /// - Parameters:
    ///   - name: in the form `group.name-of-it`; the environment has it in capitals, with underscores.
    ///   - meaning: one line, for the reference.
    package init(
        _ name: String, _ kind: SettingKind, default fallback: Value, _ meaning: String, for users: [SettingUser]
    ) {
        self.fallback = fallback
        definition = SettingDefinition(
            name: name, kind: kind, fallback: fallback.settingText, meaning: meaning, users: users)
    }

    package var wrappedValue: Value { said.value.withLock { $0 } ?? fallback }

    package func take(_ text: String) -> Bool {
        guard let value = Value(settingText: text) else { return false }
        said.value.withLock { $0 = value }
        return true
    }
}

/// A `Setting` of whatever type.
protocol SettingField: Sendable {
    var definition: SettingDefinition { get }

    /// Takes what was said instead of the default; false where it cannot be read.
    func take(_ text: String) -> Bool
}

/// What a setting can hold; as text it stands in the environment.
package protocol SettingValue: Sendable {
    init?(settingText: String)
    var settingText: String { get }
}

extension Int: SettingValue {
    package init?(settingText: String) { self.init(settingText) }
    package var settingText: String { description }
}

extension Double: SettingValue {
    package init?(settingText: String) { self.init(settingText) }
    package var settingText: String { description }
}

extension String: SettingValue {
    package init?(settingText: String) { self = settingText }
    package var settingText: String { self }
}

extension Bool: SettingValue {
    package init?(settingText: String) {
        switch settingText {
        case "on": self = true
        case "off": self = false
        default: return nil
        }
    }
    package var settingText: String { self ? "on" : "off" }
}

/// Nothing at all is the empty text.
extension Optional: SettingValue where Wrapped: SettingValue {
    package init?(settingText: String) {
        if settingText.isEmpty {
            self = .none
        } else if let value = Wrapped(settingText: settingText) {
            self = value
        } else {
            return nil
        }
    }
    package var settingText: String { self?.settingText ?? "" }
}
