import Foundation
import HTTPServing

/// A call that is refused: nothing was decided and nothing bound to its key.
struct Refusal: Error, Equatable {
    var status: Int
    var type = "invalid_request_error"
    var code: String?
    var parameter: String?
    var message: String
    /// The methods of a 405's `Allow`.
    var allow: String?

    static func invalid(parameter: String, code: String? = nil, _ message: String) -> Refusal {
        Refusal(status: 400, code: code, parameter: parameter, message: message)
    }

    static func unsupportedMediaType(_ reason: String) -> Refusal {
        Refusal(status: 415, code: "unsupported_media_type", parameter: "body", message: "Not read: \(reason).")
    }

    static let otherRequestUnderKey = Refusal(
        status: 400, type: "idempotency_error",
        message: "This idempotency key belongs to another request: send the first request's bytes again, or a new key.")

    static let keyVoided = Refusal(
        status: 409, code: "key_voided", message: "This idempotency key was voided: nothing can be captured under it.")

    static let notAnOperator = Refusal(
        status: 401, code: "not_an_operator",
        message: "Only the operator makes the gateway misbehave: send 'Authorization: Bearer TOKEN', with the text of "
            + "operator.token in the data directory.")

    static let down = Refusal(
        status: 503, type: "api_error", code: "down", message: "The gateway is down: ask again with the same key.")

    static let overloaded = Refusal(
        status: 503, type: "api_error", code: "overloaded",
        message: "Too many calls are waiting: ask again with the same key.")

    static let failed = Refusal(
        status: 500, type: "api_error", code: "internal_error",
        message: "Something went wrong before anything was decided: ask again with the same key.")

    var body: Data {
        var fields = ["\"type\":\(JSONText.quoted(type))"]
        if let code { fields.append("\"code\":\(JSONText.quoted(code))") }
        if let parameter { fields.append("\"param\":\(JSONText.quoted(parameter))") }
        fields.append("\"message\":\(JSONText.quoted(message))")
        return Data("{\"error\":{\(fields.joined(separator: ","))}}".utf8)
    }
}

extension Refusal {
    /// What the server refuses before the gateway is asked.
    init(_ refusal: HTTPRefusal) {
        switch refusal {
        case .malformed(let reason):
            self.init(status: 400, code: "malformed_request", message: "Not a request: \(reason).")
        case .headTooLarge(let bytes, let fields):
            self.init(
                status: 431, code: "head_too_large",
                message: "The header is larger than \(bytes) bytes or has more than \(fields) fields.")
        case .tooSlow(let seconds):
            self.init(
                status: 408, code: "request_timeout", message: "The request was not whole within \(seconds) seconds.")
        case .bodyTooLarge(let limit):
            self.init(
                status: 413, code: "body_too_large", parameter: "body",
                message: "The body is larger than \(limit) bytes.")
        case .noRoomForBody: self = .overloaded
        case .wrongHost: self.init(status: 421, code: "misdirected_request", message: "Host names another server.")
        case .unknownExpectation:
            self.init(status: 417, code: "expectation_failed", message: "Only 100-continue can be expected.")
        }
    }
}
