import Crypto
import Foundation

/// What knows the operator's token when it is presented: its SHA-256.
///
/// The token is the text of `operator.token` in the data directory, the hash that of `operator.token.sha256` beside it.
///
/// *Guarantee*: one token a data directory, whichever services start at once; a service that may read the hash alone can
/// check the token and not present it.
/// *Why a file*: who may read the run's data may also mend it. *If broken*: any program on the machine, a page in a browser
/// among them, can discard dead letters; and a service that was broken into can do it to all others.
package struct OperatorToken: Sendable {
    package static let fileName = "operator.token"
    package static let hashFileName = "operator.token.sha256"
    private static let randomBytes = 32
    private static let acceptedBytes = 32...256

    /// 32 bytes.
    private let hash: [UInt8]

    /// - Throws: `AccessError` for a text that is no token.
    package init(_ text: String, file: String = fileName) throws(AccessError) {
        guard Self.acceptedBytes.contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw AccessError(
                file, "it holds no operator's token; remove it and \(file).sha256, and restart the services")
        }
        hash = Array(SHA256.hash(data: Array(text.utf8)))
    }

    private init(hashText: String, file: String) throws(AccessError) {
        let digits = Array(hashText.utf8)
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap { place in
            UInt8(String(decoding: digits[place...place + 1], as: UTF8.self), radix: 16)
        }
        guard digits.count == 2 * SHA256.byteCount, bytes.count == SHA256.byteCount else {
            throw AccessError(
                file, "it holds no SHA-256 in hex; remove it and restart a service that may read the token")
        }
        hash = bytes
    }

    /// Whether a request's `Authorization` says `Bearer` and the token; in a time that tells nothing of the token.
    package func isNamed(by authorization: String?) -> Bool {
        guard let presented = BearerToken.presented(by: authorization) else { return false }
        // Compares in constant time.
        return SHA256.hash(data: Array(presented.utf8)) == hash
    }

    // MARK: - Files

    /// The token's text, for whoever acts as the operator; nil where no service ever started here. Blocks.
    ///
    /// - Throws: `AccessError`.
    package static func text(dataDirectory: String) throws(AccessError) -> String? {
        let file = SecretFile(dataDirectory + "/" + fileName)
        return try file.read(isPrivate: true).map(trimmed)
    }

    /// What knows the token again, or nil where no service ever started here. Blocks.
    ///
    /// - Throws: `AccessError`; also where the token is not the one that the hash is of.
    package static func known(dataDirectory: String) throws(AccessError) -> OperatorToken? {
        let secret = SecretFile(dataDirectory + "/" + fileName)
        let file = SecretFile(dataDirectory + "/" + hashFileName)
        try secret.requirePrivate()
        guard let text = try file.read(isPrivate: false).map(trimmed) else { return nil }
        let known = try OperatorToken(hashText: text, file: file.path)
        if secret.isReadable, let text = try secret.read(isPrivate: true).map(trimmed),
            try OperatorToken(text, file: secret.path).hash != known.hash
        {
            throw AccessError(
                file.path,
                "it is not the hash of the token in \(secret.path): remove the hash, and restart the services")
        }
        return known
    }

    /// The same, which makes token and hash where there are none.
    ///
    /// - Throws: `AccessError`.
    package static func load(dataDirectory: String) throws(AccessError) -> OperatorToken {
        if let known = try known(dataDirectory: dataDirectory) { return known }
        if try text(dataDirectory: dataDirectory) == nil {
            let digits = [UInt8].random(count: randomBytes).map(hex).joined()
            try SecretFile(dataDirectory + "/" + fileName).make(Array((digits + "\n").utf8), mode: 0o600)
        }
        let file = SecretFile(dataDirectory + "/" + hashFileName)
        // Of processes that make a token at once, one wins; its token is the one to take the hash of.
        if let text = try text(dataDirectory: dataDirectory) {
            let digits = try OperatorToken(text, file: dataDirectory + "/" + fileName).hash.map(hex).joined()
            try file.make(Array((digits + "\n").utf8), mode: 0o644)
        }
        guard let known = try known(dataDirectory: dataDirectory) else {
            throw AccessError(file.path, "somebody removes it; stop that, and restart the service")
        }
        return known
    }

    private static func trimmed(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}
