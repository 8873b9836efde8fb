import HTTPTypes
import Hummingbird
import NIOCore

/// An answer as bytes, for a client whose request cannot be read to its end: none of the handlers that pair requests and
/// answers know of it.
enum PlainAnswer {
    static func bytes(_ response: Response, _ body: ByteBuffer) -> ByteBuffer {
        var text = "HTTP/1.1 \(response.status.code) \(response.status.reasonPhrase)\r\n"
        for field in response.headers { text += "\(field.name.canonicalName): \(field.value)\r\n" }
        if response.headers[.contentLength] == nil { text += "content-length: \(body.readableBytes)\r\n" }
        text += "date: \(DateHeader.now)\r\nconnection: close\r\n\r\n"
        var bytes = ByteBuffer(string: text)
        bytes.writeImmutableBuffer(body)
        return bytes
    }
}
