import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// Takes an answer's body as one piece.
struct WholeBody: ResponseBodyWriter {
    private final class Bytes {
        var buffer = ByteBuffer()
    }

    private let bytes = Bytes()

    static func of(_ response: Response) async -> ByteBuffer {
        let writer = WholeBody()
        try? await response.body.write(writer)  // writing to memory does not fail
        return writer.bytes.buffer
    }

    mutating func write(_ buffer: ByteBuffer) async throws {
        if bytes.buffer.readableBytes == 0 {
            bytes.buffer = buffer
        } else {
            bytes.buffer.writeImmutableBuffer(buffer)
        }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
