import Foundation

/// The secret that makes whoever knows it an operator: the text of `operator.token` in the data directory.
///
/// *Guarantee*: one token a data directory, whichever services start at once; only the owner of the file can read it.
/// *Why a file*: who may read the run's data may also mend it. *If broken*: any program on the machine, a page in a browser
/// among them, can discard dead letters.
package struct OperatorToken: Sendable {
    private let secret: [UInt8]

    package static let fileName = "operator.token"
    private static let randomBytes = 32
    private static let acceptedBytes = 32...256

    /// - Throws: `OperatorTokenError` for a text that is no token.
    package init(_ text: String, file: String = fileName) throws(OperatorTokenError) {
        let secret = Array(text.utf8)
        guard Self.acceptedBytes.contains(secret.count), secret.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw OperatorTokenError(file: file, reason: "it holds no token; remove it and restart a service")
        }
        self.secret = secret
    }

    /// Whether a request's `Authorization` says `Bearer` and the token (RFC 6750 §2.1).
    package func isNamed(by authorization: String?) -> Bool {
        let parts = (authorization ?? "").split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
        return matches(Array(parts[1].utf8))
    }

    /// In a time that tells nothing of where the first difference is.
    private func matches(_ other: [UInt8]) -> Bool {
        guard other.count == secret.count else { return false }
        return zip(secret, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    // MARK: - File

    /// Reads the token of a data directory, and makes it where there is none. Blocks.
    ///
    /// - Throws: `OperatorTokenError`.
    package static func load(dataDirectory: String) throws(OperatorTokenError) -> OperatorToken {
        let file = dataDirectory + "/" + fileName
        if let text = try read(file) { return try OperatorToken(text, file: file) }
        try make(file)
        guard let text = try read(file) else {
            throw OperatorTokenError(file: file, reason: "somebody removes it; stop that, and restart the service")
        }
        return try OperatorToken(text, file: file)
    }

    /// Nil where there is no such file. One look decides: a file that appears a moment later is not taken for one
    /// that cannot be read.
    private static func read(_ file: String) throws(OperatorTokenError) -> String? {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw OperatorTokenError(file: file, reason: "it cannot be opened (errno \(errno))")
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: acceptedBytes.upperBound + 2)
        let count = Foundation.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw OperatorTokenError(file: file, reason: "it cannot be read (errno \(errno))") }
        return String(decoding: bytes[..<count], as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A whole file appears under the name, or none: of services that start at once, the first to link wins.
    private static func make(_ file: String) throws(OperatorTokenError) {
        func check(_ holds: Bool, _ operation: String) throws(OperatorTokenError) {
            guard holds else {
                throw OperatorTokenError(file: file, reason: "it cannot be made: \(operation) failed (errno \(errno))")
            }
        }
        var random = SystemRandomNumberGenerator()
        let digits = (0..<randomBytes).map { _ in hex(random.next()) }.joined()
        let temporary = "\(file).\(getpid())-\(String(random.next() as UInt64, radix: 16))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        try check(descriptor >= 0, "open")
        defer { unlink(temporary) }
        do {
            defer { close(descriptor) }
            let text = Array((digits + "\n").utf8)
            try check(write(descriptor, text, text.count) == text.count, "write")
            try check(fsync(descriptor) == 0, "fsync")
        }
        try check(link(temporary, file) == 0 || errno == EEXIST, "link")
    }

    private static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}

/// The operator's token cannot be had.
package struct OperatorTokenError: Error, CustomStringConvertible {
    package let file: String
    package let reason: String

    package var description: String { "the operator's token \(file): \(reason)" }
}
