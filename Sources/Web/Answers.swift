import Contracts
import Foundation
import HTTPServing
import HTTPTypes
package import Hummingbird
import NIOCore

/// A refusal as RFC 9457 tells it: `application/problem+json`.
package struct Problem: Error, Sendable {
    package var status: Int
    package var type: ProblemType
    package var title: String
    package var detail: String
    /// The field of the request, such as `lines[2].quantity`.
    package var field: String?
    package var headers: [(HTTPField.Name, String)] = []

    package init(_ status: Int, _ type: ProblemType, _ title: String, detail: String, field: String? = nil) {
        self.status = status
        self.type = type
        self.title = title
        self.detail = detail
        self.field = field
    }

    /// By hand: who sends nothing but what is refused should cost little.
    private var body: [UInt8] {
        var writer = CanonicalJSONWriter()
        writer.raw(#"{"detail":"#)
        writer.string(detail)
        if let field {
            writer.raw(#","field":"#)
            writer.string(field)
        }
        writer.raw(#","status":"#)
        writer.integer(status)
        writer.raw(#","title":"#)
        writer.string(title)
        writer.raw(#","type":"#)
        writer.string("urn:stampede:problem:\(type.rawValue)")
        writer.raw("}")
        return writer.bytes
    }

    var plainResponse: PlainResponse {
        let type = (name: "content-type", value: "application/problem+json")
        return PlainResponse(
            status: status, fields: [type] + headers.map { ($0.0.canonicalName, $0.1) }, body: body)
    }

    package var response: Response {
        var fields: HTTPFields = [.contentType: "application/problem+json"]
        for (name, value) in headers { fields[name] = value }
        return Response(
            status: HTTPResponse.Status(code: status), headers: fields,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

extension Problem {
    static func notFound(_ path: String) -> Problem {
        Problem(404, .notFound, "Not found", detail: "there is nothing at \(path)")
    }

    static func wrongMethod(_ method: HTTPRequest.Method, allowed: String) -> Problem {
        var problem = Problem(
            405, .methodNotAllowed, "Method not allowed",
            detail: "\(method.rawValue) is not possible here, \(allowed) is")
        problem.headers = [(.allow, allowed)]
        return problem
    }

    static func tooManyValues(limit: Int) -> Problem {
        Problem(413, .bodyTooLarge, "Body too large", detail: "the body has more than \(limit) JSON values")
    }

    static func unsupportedMediaType(_ reason: String) -> Problem {
        var problem = Problem(415, .unsupportedMediaType, "Unsupported media type", detail: reason)
        problem.headers = [(.acceptEncoding, "identity")]
        return problem
    }

    static func bodyTooLarge(limit: Int) -> Problem {
        Problem(413, .bodyTooLarge, "Body too large", detail: "the body has more than \(limit) bytes")
    }

    static func unavailable(_ reason: String, retryAfterSeconds: Int) -> Problem {
        var problem = Problem(
            503, .unavailable, "Not now", detail: "\(reason); nothing was kept, send the same request again")
        problem.headers = [(.retryAfter, String(retryAfterSeconds))]
        return problem
    }
}

extension Problem {
    /// For what the server refuses before the service is asked.
    init(_ refusal: HTTPRefusal) {
        switch refusal {
        case .malformed(let reason):
            self.init(400, .malformedRequest, "Malformed request", detail: reason)
        case .headTooLarge(let bytes, let fields):
            self.init(
                431, .headTooLarge, "Header too large",
                detail: "request line and header fields have more than \(bytes) bytes, or there are more than \(fields)"
            )
        case .tooSlow(let seconds):
            self.init(
                408, .requestTimeout, "Too slow", detail: "the request was not whole within \(seconds) s; send it again"
            )
        case .bodyTooLarge(let limit):
            self = .bodyTooLarge(limit: limit)
        case .noRoomForBody:
            self = .unavailable("too many large bodies are being read", retryAfterSeconds: 1)
        case .wrongHost:
            self.init(
                421, .misdirectedRequest, "Another host is meant",
                detail: "Host names no host that this server answers to; use its address, or set STAMPEDE_HTTP_HOSTS")
        case .unknownExpectation:
            self.init(
                417, .expectationFailed, "Cannot be expected", detail: "only 100-continue can be expected")
        }
    }

    static func tooManyRequests(retryAfterSeconds: Int) -> Problem {
        var problem = Problem(
            429, .tooManyRequests, "Too many requests",
            detail: "this address asks more often than it may; nothing was kept, send the same request again later")
        problem.headers = [(.retryAfter, String(retryAfterSeconds))]
        return problem
    }
}

/// Answers in JSON and plain text.
enum JSONAnswer {
    static func encode(_ value: some Encodable) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Structs of strings and integers always encode.
        return (try? encoder.encode(value)) ?? Data("{}".utf8)
    }

    static func response(_ status: HTTPResponse.Status, _ value: some Encodable) -> Response {
        response(status, data: encode(value))
    }

    static func response(_ status: HTTPResponse.Status, data: Data) -> Response {
        response(status, ByteBuffer(bytes: data))
    }

    static func response(_ status: HTTPResponse.Status, _ text: ByteBuffer) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: text))
    }
}

enum TextAnswer {
    static func response(
        _ text: String, status: HTTPResponse.Status = .ok, contentType: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
