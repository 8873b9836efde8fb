/// A row of the table, without the type of its value.
package struct SettingDefinition: Sendable {
    /// `checkout.max-lines`
    package let name: String
    package let kind: SettingKind
    package let fallback: String
    package let meaning: String
    package let users: [SettingUser]

    /// `STAMPEDE_CHECKOUT_MAX_LINES`
    package var variable: String {
        Self.prefix + String(name.map { $0 == "." || $0 == "-" ? "_" : $0 }).uppercased()
    }

    /// What every variable of the project begins with.
    package static let prefix = "STAMPEDE_"
}

/// Who reads a setting.
package enum SettingUser: String, Sendable, CaseIterable {
    case order, inventory, payment, notification, analytics, gateway

    package var program: String { self == .gateway ? "payment-gateway" : "\(rawValue)-service" }
}

extension [SettingUser] {
    /// All five.
    package static let services = SettingUser.allCases.filter { $0 != .gateway }
}

/// What a value may be.
package enum SettingKind: Sendable {
    case whole(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case choice([String])
    /// Of this machine, for a server to be bound to.
    case address
    case host
    /// A host, or a pattern in which `{service}` stands for a service's name.
    case hostPattern
    /// Hosts, separated by commas, or none.
    case hosts
    case mailAddress
    /// `http://HOST:PORT`, or nothing.
    case collector

    package static let port = whole(0...65_535)

    package func allows(_ text: String) -> Bool {
        switch self {
        // Written as a number is written: no sign in front, no blank.
        case .whole(let range): text.first != "+" && Int(text).map(range.contains) == true
        case .number(let range):
            text.utf8.allSatisfy { "0123456789.eE+-".utf8.contains($0) } && text.first != "+"
                && Double(text).map(range.contains) == true
        case .choice(let choices): choices.contains(text)
        case .address: HostText.isAddress(text)
        case .host: HostText.isHost(text)
        case .hostPattern: HostText.isHost(text.replacing("{service}", with: "service"))
        case .hosts: HostText.list(text).allSatisfy(HostText.isHost)
        case .mailAddress: HostText.isMailAddress(text)
        case .collector: text.isEmpty || CollectorAddress(text) != nil
        }
    }

    /// Whether a file has it as a number, not as text.
    var isNumeric: Bool {
        switch self {
        case .whole, .number: true
        default: false
        }
    }

    /// To stand after "must be".
    package var expected: String {
        switch self {
        case .whole(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range): "a number from \(Self.short(range.lowerBound)) to \(Self.short(range.upperBound))"
        case .choice(let choices): choices.joined(separator: ", ")
        case .address: "an IP address of this machine, such as 127.0.0.1, or 0.0.0.0 for all"
        case .host: "an IP address or the name of a host"
        case .hostPattern: "an IP address, the name of a host, or a pattern such as {service}.example"
        case .hosts: "addresses or names of hosts, separated by commas, or empty for none"
        case .mailAddress: "a mail address"
        case .collector: "http://HOST:PORT, such as http://127.0.0.1:4318, or empty for none"
        }
    }

    private static func short(_ number: Double) -> String {
        number == number.rounded() ? String(Int(number)) : String(number)
    }
}
