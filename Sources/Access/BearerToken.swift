/// The token that a request presents in its `Authorization` header (RFC 6750 §2.1).
package enum BearerToken {
    /// Nil where the header is missing, or presents none.
    package static func presented(by authorization: String?) -> String? {
        let parts = (authorization ?? "").split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}
