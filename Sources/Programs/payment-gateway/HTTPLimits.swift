/// What the gateway takes from a client.
enum HTTPLimits {
    static let connections = 8_000
    static let bodyBytes = 64 * 1024
    static let stopSeconds = 10
    /// Its clients are services that keep their connections: one that is cut as its next call goes out leaves a call of which
    /// nobody knows the outcome.
    static let idleSeconds: Int64 = 3600
}
