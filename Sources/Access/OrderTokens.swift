import Crypto
import Foundation

/// Gives each order the token that opens it, and knows that token again: HMAC-SHA256 of the order's id under the service's
/// own key, as base64url.
///
/// *Guarantee*: who has seen any number of orders and tokens cannot open another order; an answer to a wrong token tells
/// nothing, neither of the order nor of the token that would be right.
/// *Why derived and not stored*: the same request gets the same answer, and there is nothing to read out of a database.
/// *If broken*: ids are times and a few random bits; whoever tries enough of them reads and cancels what others ordered.
package struct OrderTokens: Sendable {
    package static let fileName = "order-token.key"
    package static let keyBytes = 32

    private let key: SymmetricKey

    package init(key: [UInt8]) {
        self.key = SymmetricKey(data: key)
    }

    /// - Parameter order: the sixteen bytes of its id.
    package func token(of order: [UInt8]) -> String {
        Base64URL.text(Array(HMAC<SHA256>.authenticationCode(for: order, using: key)))
    }

    /// Whether the token is the order's; in a time that tells nothing of where the first difference is.
    package func accept(_ token: String, of order: [UInt8]) -> Bool {
        guard let code = Base64URL.bytes(token) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: order, using: key)
    }

    // MARK: - The key

    /// Reads the key in a directory, and makes it at the service's first start. Blocks.
    ///
    /// *Guarantee*: never replaced behind anybody's back: once there are orders, a key that is gone stops the service. *If
    /// broken*: every customer is shut out of their orders, and nobody knows why.
    /// - Parameter hasOrders: whether tokens may have been given out.
    /// - Throws: `AccessError`, and what `hasOrders` throws.
    package static func load(directory: String, hasOrders: () throws -> Bool) throws -> OrderTokens {
        let file = SecretFile(directory + "/" + fileName)
        let isInUse = try hasOrders()
        let known = try readKey(file)
        if isInUse {
            guard let known else { throw lost(file.path) }
            return OrderTokens(key: known)
        }
        let key = known ?? .random(count: keyBytes)
        // Again, where it is there: whoever wrote it may have ended before it was known to be on disk.
        try file.put(key, mode: 0o600)
        return OrderTokens(key: key)
    }

    /// Nil where there is no key.
    package static func read(directory: String) throws(AccessError) -> OrderTokens? {
        try readKey(SecretFile(directory + "/" + fileName)).map { OrderTokens(key: $0) }
    }

    private static func readKey(_ file: SecretFile) throws(AccessError) -> [UInt8]? {
        guard let key = try file.read(isPrivate: true) else { return nil }
        guard key.count == keyBytes else {
            throw AccessError(
                file.path,
                "it has to hold \(keyBytes) bytes, and is \(key.count > keyBytes ? "longer" : "\(key.count) bytes long"); put it "
                    + "back from a copy")
        }
        return key
    }

    private static func lost(_ path: String) -> AccessError {
        AccessError(
            path,
            "the key of the orders' tokens is gone, and there are orders whose customers hold tokens made with it. Put it back "
                + "from a copy of the data directory; where there is none, these customers lose access, and a new key is made "
                + "with: (umask 077; head -c \(keyBytes) /dev/urandom > '\(path)')")
    }
}
