/// A value that cannot be.
package struct ConfigurationError: Error, CustomStringConvertible {
    package let key: String
    package let value: String
    package let expected: String

    package var description: String { "\(key) is '\(value)', but must be \(expected)" }
}
