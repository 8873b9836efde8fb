/// A value in a file of test faults, and what the file calls it.
struct FaultsField {
    enum Value: Decodable {
        case null
        case flag(Bool)
        case whole(Int)
        case number(Double)
        case text(String)
        case list([Value])
        case object([String: Value])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let value = try? container.decode(Bool.self) {
                self = .flag(value)
            } else if let value = try? container.decode(Int.self) {
                self = .whole(value)
            } else if let value = try? container.decode(Double.self) {
                self = .number(value)
            } else if let value = try? container.decode(String.self) {
                self = .text(value)
            } else if let value = try? container.decode([Value].self) {
                self = .list(value)
            } else {
                self = .object(try container.decode([String: Value].self))
            }
        }
    }

    let name: String
    let value: Value

    func refused(_ expected: String) -> ConfigurationError {
        let shown =
            switch value {
            case .null: "null"
            case .flag(let value): "\(value)"
            case .whole(let value): "\(value)"
            case .number(let value): "\(value)"
            case .text(let value): value
            case .list: "a list"
            case .object: "an object"
            }
        return ConfigurationError(key: name, value: shown, expected: expected)
    }

    /// The object's members; one that is not in `known` is refused.
    func members(of known: [String]) throws -> [String: FaultsField] {
        guard case .object(let members) = value else { throw refused("an object") }
        if let stranger = members.keys.sorted().first(where: { !known.contains($0) }) {
            throw ConfigurationError(key: "a key of \(name)", value: stranger, expected: known.joined(separator: ", "))
        }
        return Dictionary(
            uniqueKeysWithValues: members.map { ($0, FaultsField(name: "\(name): \($0)", value: $1)) })
    }

    func required(_ key: String, _ members: [String: FaultsField]) throws -> FaultsField {
        guard let member = members[key] else {
            throw ConfigurationError(key: "\(name): \(key)", value: "", expected: "given")
        }
        return member
    }

    func elements() throws -> [FaultsField] {
        guard case .list(let values) = value else { throw refused("a list") }
        return values.enumerated().map { FaultsField(name: "\(name)[\($0)]", value: $1) }
    }

    func text() throws -> String {
        guard case .text(let value) = value, !value.isEmpty else { throw refused("a text") }
        return value
    }

    func flag() throws -> Bool {
        guard case .flag(let value) = value else { throw refused("true or false") }
        return value
    }

    func whole(in range: ClosedRange<Int>) throws -> Int {
        guard case .whole(let value) = value, range.contains(value) else {
            throw refused("a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func number(in range: ClosedRange<Double>) throws -> Double {
        let number: Double? =
            switch value {
            case .whole(let value): Double(value)
            case .number(let value): value
            default: nil
            }
        guard let number, range.contains(number) else {
            throw refused("a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
