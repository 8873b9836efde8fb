/// What the gateway takes from a client.
enum HTTPLimits {
    static let connections = 8_000
    static let bodyBytes = 64 * 1024
    static let stopSeconds = 10
}
