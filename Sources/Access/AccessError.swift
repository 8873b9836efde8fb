/// A file that access rests on cannot be had, or must not be used.
package struct AccessError: Error, CustomStringConvertible {
    package let file: String
    /// What is wrong, and what to do.
    package let reason: String
    /// Whether the disk failed, so that another try may help; otherwise the file itself is wrong.
    package let isOfTheDisk: Bool

    package init(_ file: String, _ reason: String, isOfTheDisk: Bool = false) {
        self.file = file
        self.reason = reason
        self.isOfTheDisk = isOfTheDisk
    }

    package var description: String { "\(file): \(reason)" }
}
