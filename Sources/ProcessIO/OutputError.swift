import Foundation

/// Something could not be written; names the file.
package struct OutputError: Error, Equatable, CustomStringConvertible {
    /// The path as it was given, or `standard output`.
    package let file: String
    package let reason: String

    package init(file: String, reason: String) {
        self.file = file
        self.reason = reason
    }

    init(file: String, errno code: Int32) {
        self.init(file: file, reason: String(cString: strerror(code)))
    }

    package var description: String { "cannot write \(file): \(reason)" }
}
