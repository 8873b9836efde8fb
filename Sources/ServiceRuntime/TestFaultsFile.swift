import Contracts
package import Delivery
import Foundation

/// The file of `--test-faults`: rules by which a service fails, and how its consumer disturbs its deliveries.
package struct TestFaultsFile {
    private let path: String
    private let types: [String]

    /// - Parameters:
    ///   - card: of the service that is to fail; a rule for a type that it does not handle is refused.
    /// - Throws: `ConfigurationError`, naming file and field.
    package static func read(_ path: String, for card: ServiceCard) throws -> TestFaults {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError(key: "--test-faults", value: path, expected: "a file that can be read")
        }
        guard let value = try? JSONDecoder().decode(FaultsField.Value.self, from: data) else {
            throw ConfigurationError(key: "--test-faults", value: path, expected: "a file of JSON")
        }
        let file = TestFaultsFile(path: path, types: card.subscriptions.map(\.type))
        return try file.faults(FaultsField(name: "--test-faults \(path)", value: value))
    }

    private func faults(_ field: FaultsField) throws -> TestFaults {
        let members = try field.members(of: ["rules", "delivery"])
        return TestFaults(
            rules: try members["rules"]?.elements().map(rule) ?? [],
            delivery: try members["delivery"].map(disorder) ?? DeliveryDisorder())
    }

    private func rule(_ field: FaultsField) throws -> TestFaults.Rule {
        let members = try field.members(of: ["type", "share", "subject", "effect", "times"])
        let type = try field.required("type", members)
        guard types.contains(try type.text()) else {
            throw type.refused("a type that this service handles: \(types.sorted().joined(separator: ", "))")
        }
        return TestFaults.Rule(
            type: try type.text(), share: try members["share"]?.number(in: 0...1) ?? 1,
            subject: try members["subject"]?.text(), effect: try effect(field, members))
    }

    private func effect(_ field: FaultsField, _ members: [String: FaultsField]) throws -> TestFaults.Effect {
        let effect = try field.required("effect", members)
        let name = try effect.text()
        if name != "transient", let times = members["times"] {
            throw times.refused("left out: only transient takes it")
        }
        switch name {
        case "throws": return .throws
        case "transient": return .transient(times: try field.required("times", members).whole(in: 1...1_000_000))
        case "traps": return .traps
        case "unavailable": return .unavailable
        default: throw effect.refused("throws, transient, traps or unavailable")
        }
    }

    private func disorder(_ field: FaultsField) throws -> DeliveryDisorder {
        let members = try field.members(of: ["twice", "shuffle", "seed"])
        return DeliveryDisorder(
            twice: try members["twice"]?.flag() ?? false, shuffle: try members["shuffle"]?.flag() ?? false,
            seed: UInt64(try members["seed"]?.whole(in: 0...Int.max) ?? 1))
    }
}
