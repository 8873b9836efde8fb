import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1

/// An answer as bytes, for a client whose request cannot be read to its end: none of the handlers that pair requests and
/// answers know of it.
enum PlainAnswer {
    static func bytes(_ response: PlainResponse) -> ByteBuffer {
        let reason = HTTPResponseStatus(statusCode: response.status).reasonPhrase
        var bytes = ByteBufferAllocator().buffer(capacity: 256 + response.body.count)
        bytes.writeString("HTTP/1.1 \(response.status) \(reason)\r\n")
        for (name, value) in response.fields {
            bytes.writeString(name)
            bytes.writeStaticString(": ")
            bytes.writeString(value)
            bytes.writeStaticString("\r\n")
        }
        bytes.writeStaticString("content-length: ")
        bytes.writeString(String(response.body.count))
        bytes.writeStaticString("\r\ndate: ")
        bytes.writeString(DateHeader.now)
        bytes.writeStaticString("\r\nconnection: close\r\n\r\n")
        bytes.writeBytes(response.body)
        return bytes
    }

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
