import Foundation

/// Standard output: data.
package enum StandardOutput {
    package static let name = "standard output"

    /// Whether the reader is still there; one that has seen enough (`… | head -1`) is no error.
    ///
    /// *Guarantee*: what does not fit on a full disk is an error. *If broken*: a script takes an empty file for the report.
    /// - Throws: `OutputError`.
    @discardableResult
    package static func write(_ bytes: some Sequence<UInt8>) throws(OutputError) -> Bool {
        let code = Descriptor.writeAll(bytes, to: STDOUT_FILENO)
        guard code == 0 || code == EPIPE else { throw OutputError(file: name, errno: code) }
        return code == 0
    }

    /// The text and a line's end.
    package static func line(_ text: String) throws(OutputError) {
        try write((text + "\n").utf8)
    }
}

/// Standard error: talk. Where it cannot be written, nobody is left to tell.
package enum StandardError {
    package static func line(_ text: String) {
        _ = Descriptor.writeAll((text + "\n").utf8, to: STDERR_FILENO)
    }
}
