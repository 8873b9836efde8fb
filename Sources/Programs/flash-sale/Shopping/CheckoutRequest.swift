import NIOCore

/// The bytes of a request (RFC 9112), ready to send: one connection each, closed after the answer.
enum CheckoutRequest {
    static func place(body: String, key: String, port: Int, allocator: ByteBufferAllocator) -> ByteBuffer {
        make("POST", "/v1/orders", ("Idempotency-Key", key), body: body, port: port, allocator: allocator)
    }

    /// - Parameter token: what the order's 202 gave.
    static func cancel(order: String, token: String, port: Int, allocator: ByteBufferAllocator) -> ByteBuffer {
        make("DELETE", "/v1/orders/\(order)", bearing(token), body: "", port: port, allocator: allocator)
    }

    /// - Parameter token: the operator's.
    static func put(
        _ path: String, body: String, token: String, port: Int, allocator: ByteBufferAllocator
    ) -> ByteBuffer {
        make("PUT", path, bearing(token), body: body, port: port, allocator: allocator)
    }

    static func get(_ path: String, port: Int, allocator: ByteBufferAllocator) -> ByteBuffer {
        make("GET", path, ("Accept", "application/json"), body: "", port: port, allocator: allocator)
    }

    private static func bearing(_ token: String) -> (String, String) { ("Authorization", "Bearer \(token)") }

    private static func make(
        _ method: String, _ path: String, _ header: (name: String, value: String), body: String, port: Int,
        allocator: ByteBufferAllocator
    ) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: 256 + body.utf8.count)
        buffer.writeString("\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n")
        buffer.writeString("\(header.name): \(header.value)\r\n")
        if !body.isEmpty { buffer.writeStaticString("Content-Type: application/json\r\n") }
        buffer.writeString("Content-Length: \(body.utf8.count)\r\n\r\n")
        buffer.writeString(body)
        return buffer
    }
}
