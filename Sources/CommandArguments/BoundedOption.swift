package import ArgumentParser

// An option's value may begin with a dash, so that `--rate -1` is refused for its bounds and not as an option of its own.

extension Option {
    /// A whole number with a default.
    package init(
        wrappedValue: Value, name: NameSpecification = .long, within bounds: ClosedRange<Value>, help: String,
        valueName: String? = nil
    ) where Value: FixedWidthInteger & Sendable {
        self.init(
            wrappedValue: wrappedValue, name: name, parsing: .unconditional,
            help: ArgumentHelp(help, bounds: NumberText.described(bounds), valueName, wrappedValue),
            transform: { try Self.read($0, bounds) })
    }

    /// A whole number that must be given.
    package init(
        name: NameSpecification = .long, within bounds: ClosedRange<Value>, help: String, valueName: String? = nil
    ) where Value: FixedWidthInteger & Sendable {
        self.init(
            name: name, parsing: .unconditional,
            help: ArgumentHelp(help, bounds: NumberText.described(bounds), valueName),
            transform: { try Self.read($0, bounds) })
    }

    /// A whole number that may be left out.
    package init<Number: FixedWidthInteger & Sendable>(
        name: NameSpecification = .long, within bounds: ClosedRange<Number>, help: String, valueName: String? = nil
    ) where Value == Number? {
        self.init(
            name: name, parsing: .unconditional,
            help: ArgumentHelp(help, bounds: NumberText.described(bounds), valueName),
            transform: { try Option<Number>.read($0, bounds) })
    }

    /// A number with a default.
    package init(
        wrappedValue: Value, name: NameSpecification = .long, within bounds: ClosedRange<Double>, help: String,
        valueName: String? = nil
    ) where Value == Double {
        self.init(
            wrappedValue: wrappedValue, name: name, parsing: .unconditional,
            help: ArgumentHelp(help, bounds: NumberText.described(bounds), valueName, wrappedValue),
            transform: { try Self.read($0, bounds) })
    }

    /// A number that may be left out.
    package init(
        name: NameSpecification = .long, within bounds: ClosedRange<Double>, help: String, valueName: String? = nil
    ) where Value == Double? {
        self.init(
            name: name, parsing: .unconditional,
            help: ArgumentHelp(help, bounds: NumberText.described(bounds), valueName),
            transform: { try Option<Double>.read($0, bounds) })
    }
}

extension Option where Value: FixedWidthInteger {
    fileprivate static func read(_ text: String, _ bounds: ClosedRange<Value>) throws -> Value {
        guard let value = NumberText.whole(text, within: bounds) else {
            throw ValidationError("it takes a whole number from \(NumberText.described(bounds)).")
        }
        return value
    }
}

extension Option where Value == Double {
    fileprivate static func read(_ text: String, _ bounds: ClosedRange<Double>) throws -> Value {
        guard let value = NumberText.fractional(text, within: bounds) else {
            throw ValidationError("it takes a number from \(NumberText.described(bounds)).")
        }
        return value
    }
}

extension ArgumentHelp {
    /// The text, the bounds and the default, which ArgumentParser does not show where a value is read by a closure.
    package init(_ text: String, bounds: String, _ valueName: String?, _ fallback: (any CustomStringConvertible)? = nil)
    {
        let sentence = text.hasSuffix(".") ? String(text.dropLast()) : text
        self.init("\(sentence): \(bounds).\(fallback.map { " (default: \($0))" } ?? "")", valueName: valueName)
    }
}
