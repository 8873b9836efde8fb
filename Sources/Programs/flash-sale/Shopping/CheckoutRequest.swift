/// The bytes of a request (RFC 9112), ready to send: one connection each, closed after the answer.
enum CheckoutRequest {
    static func place(body: [UInt8], key: String, port: Int) -> [UInt8] {
        make("POST", "/v1/orders", ("Idempotency-Key", key), body: body, port: port)
    }

    /// - Parameter token: what the order's 202 gave.
    static func cancel(order: String, token: String, port: Int) -> [UInt8] {
        make("DELETE", "/v1/orders/\(order)", bearing(token), body: [], port: port)
    }

    /// - Parameter token: the operator's.
    static func put(_ path: String, body: [UInt8], token: String, port: Int) -> [UInt8] {
        make("PUT", path, bearing(token), body: body, port: port)
    }

    static func get(_ path: String, port: Int) -> [UInt8] {
        make("GET", path, ("Accept", "application/json"), body: [], port: port)
    }

    private static func bearing(_ token: String) -> (String, String) { ("Authorization", "Bearer \(token)") }

    private static func make(
        _ method: String, _ path: String, _ header: (name: String, value: String), body: [UInt8], port: Int
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256 + body.count)
        for text in [method, " ", path, " HTTP/1.1\r\nHost: 127.0.0.1:", String(port), "\r\nConnection: close\r\n"] {
            bytes.append(contentsOf: text.utf8)
        }
        for text in [header.name, ": ", header.value, "\r\n"] { bytes.append(contentsOf: text.utf8) }
        if !body.isEmpty { bytes.append(contentsOf: "Content-Type: application/json\r\n".utf8) }
        for text in ["Content-Length: ", String(body.count), "\r\n\r\n"] { bytes.append(contentsOf: text.utf8) }
        bytes.append(contentsOf: body)
        return bytes
    }
}
