import Foundation
import HTTPTypes
package import Hummingbird
import NIOCore

/// A refusal as RFC 9457 tells it: `application/problem+json`.
package struct Problem: Error, Sendable {
    package var status: Int
    /// The last part of `urn:stampede:problem:…`.
    package var type: String
    package var title: String
    package var detail: String
    /// The field of the request, such as `lines[2].quantity`.
    package var field: String?
    package var headers: [(HTTPField.Name, String)] = []

    package init(_ status: Int, _ type: String, _ title: String, detail: String, field: String? = nil) {
        self.status = status
        self.type = type
        self.title = title
        self.detail = detail
        self.field = field
    }

    private struct Body: Encodable {
        let type: String
        let title: String
        let status: Int
        let detail: String
        let field: String?
    }

    package var response: Response {
        let body = Body(
            type: "urn:stampede:problem:\(type)", title: title, status: status, detail: detail, field: field)
        var fields: HTTPFields = [.contentType: "application/problem+json"]
        for (name, value) in headers { fields[name] = value }
        return Response(
            status: HTTPResponse.Status(code: status), headers: fields,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSONAnswer.encode(body))))
    }
}

extension Problem {
    static func notFound(_ path: String) -> Problem {
        Problem(404, "not-found", "Not found", detail: "there is nothing at \(path)")
    }

    static func wrongMethod(_ method: HTTPRequest.Method, allowed: String) -> Problem {
        var problem = Problem(
            405, "method-not-allowed", "Method not allowed",
            detail: "\(method.rawValue) is not possible here, \(allowed) is")
        problem.headers = [(.allow, allowed)]
        return problem
    }

    static func bodyTooLarge(limit: Int) -> Problem {
        Problem(413, "body-too-large", "Body too large", detail: "the body has more than \(limit) bytes")
    }

    static func unavailable(_ reason: String, retryAfterSeconds: Int) -> Problem {
        var problem = Problem(
            503, "unavailable", "Not now", detail: "\(reason); nothing was kept, send the same request again")
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
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
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
