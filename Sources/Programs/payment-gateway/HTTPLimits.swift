/// What the gateway takes from a client.
enum HTTPLimits {
    static let bodyBytes = 64 * 1024
    static let stopSeconds = 10
}
