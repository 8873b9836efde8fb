import Foundation
import HTTPServing
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceRuntime

/// Reads requests within bounds.
enum RequestBody {
    /// A body up to here is decoded where it was read.
    private static let quicklyDecodedBytes = 1024
    /// An order of 1,000 lines has 3,006.
    private static let maximumValues = 10_000
    private static let decoding = ThreadExecutor(name: "bodies")

    /// - Throws: `Problem` 415, 413 or 400.
    static func read(_ request: Request, limit: Int) async throws -> Data {
        if let reason = BodyCoding.refusal(request.headers) { throw Problem.unsupportedMediaType(reason) }
        if let length = request.headers[.contentLength].flatMap(Int.init), length > limit {
            throw Problem.bodyTooLarge(limit: limit)
        }
        do {
            return Data((try await request.body.collect(upTo: limit)).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw Problem.bodyTooLarge(limit: limit)
        }
    }

    /// Reads an order: in place if it is small and compact, off the event loop if it is large, for all connections would
    /// wait for it there.
    ///
    /// - Throws: `Problem` 413 for a body that would take long to read, however few its bytes; 400 that names the field.
    static func order(from data: Data) async throws -> PlaceOrderBody {
        // A body has at least as many bytes as values.
        if data.count <= maximumValues, let compact = PlaceOrderBody(compact: [UInt8](data)) { return compact }
        guard data.count > quicklyDecodedBytes else { return try decode(PlaceOrderBody.self, from: data) }
        return try await withTaskExecutorPreference(decoding) {
            let rounded = try requireJSON(data, maximumValues: maximumValues)
            return try PlaceOrderBody(compact: [UInt8](data)) ?? decode(PlaceOrderBody.self, from: data, rounded)
        }
    }

    /// - Throws: `Problem` 400 that names the field.
    static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        try decode(type, from: data, requireJSON(data))
    }

    private static func requireJSON(_ data: Data, maximumValues: Int = .max) throws -> RoundedNumbers {
        do throws(StrictJSON.Fault) {
            return try StrictJSON.check(data, maximumValues: maximumValues)
        } catch {
            throw problem(error)
        }
    }

    private static func decode<Value: Decodable>(
        _ type: Value.Type, from data: Data, _ rounded: RoundedNumbers
    ) throws -> Value {
        do {
            let decoder = JSONDecoder()
            if !rounded.isEmpty {
                decoder.userInfo[WholeNumber.rounded] = WholeNumber.Rounded(contains: rounded.contains)
            }
            return try decoder.decode(type, from: data)
        } catch let error as DecodingError {
            throw problem(error)
        } catch {
            throw Problem(400, .malformedJSON, "Malformed JSON", detail: "the body is not JSON")
        }
    }

    private static func problem(_ fault: StrictJSON.Fault) -> Problem {
        switch fault {
        case .malformed(let reason, let byte):
            return Problem(
                400, .malformedJSON, "Malformed JSON", detail: "the body is not JSON: \(reason) at byte \(byte)")
        case .tooManyValues(let limit):
            return Problem.tooManyValues(limit: limit)
        }
    }

    private static func problem(_ error: DecodingError) -> Problem {
        func place(_ path: [any CodingKey]) -> String {
            path.reduce(into: "") { text, key in
                if let index = key.intValue {
                    text += "[\(index)]"
                } else {
                    text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
                }
            }
        }
        switch error {
        case .keyNotFound(let key, let context):
            return Problem(
                400, .missingField, "Missing field", detail: "'\(key.stringValue)' is missing",
                field: place(context.codingPath + [key]))
        case .typeMismatch(let wanted, let context), .valueNotFound(let wanted, let context):
            let field = place(context.codingPath)
            return Problem(
                400, .wrongType, "Wrong type",
                detail: "\(field.isEmpty ? "the body" : "'\(field)'") must be \(name(wanted))",
                field: field.isEmpty ? nil : field)
        case .dataCorrupted(let context):
            let field = place(context.codingPath)
            return field.isEmpty
                ? Problem(
                    400, .malformedJSON, "Malformed JSON", detail: "the body is not JSON: \(context.debugDescription)"
                )
                : Problem(
                    400, .wrongType, "Wrong type", detail: "'\(field)': \(context.debugDescription)", field: field)
        @unknown default:
            return Problem(400, .malformedJSON, "Malformed JSON", detail: "the body cannot be read")
        }
    }

    private static func name(_ type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is WholeNumber.Type: "a whole number of at most 64 bits"
        case is [Any].Type: "a list"
        default: "\(type)".hasPrefix("Array") ? "a list" : "an object"
        }
    }
}
