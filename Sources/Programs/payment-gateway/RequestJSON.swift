import Crypto
import Foundation
import HTTPServing

/// Reads a JSON body and turns what is wrong with it into a refusal that names the parameter.
enum RequestJSON {
    /// In a decoder's `userInfo`. A key of any text is one.
    fileprivate static let roundedNumbers = CodingUserInfoKey(rawValue: "rounded numbers")!

    static func decode<Body: Decodable>(_ type: Body.Type, from bytes: Data) throws(Refusal) -> Body {
        do {
            let decoder = JSONDecoder()
            let rounded = try StrictJSON.check(bytes)
            if !rounded.isEmpty { decoder.userInfo[roundedNumbers] = rounded }
            return try decoder.decode(type, from: bytes)
        } catch let fault as StrictJSON.Fault {
            throw refusal(for: fault)
        } catch let refusal as Refusal {
            throw refusal
        } catch let error as DecodingError {
            throw refusal(for: error)
        } catch {
            throw .invalid(parameter: "body", "The body cannot be read as JSON.")
        }
    }

    /// The fingerprint that says whether two requests under one key are the same: SHA-256 of the call and its bytes.
    static func hash(of call: String, body: Data) -> Data {
        var hash = SHA256()
        hash.update(data: Data(call.utf8))
        hash.update(data: body)
        return Data(hash.finalize())
    }

    private static func refusal(for fault: StrictJSON.Fault) -> Refusal {
        switch fault {
        case .malformed(let reason, let byte):
            return .invalid(parameter: "body", "The body is not JSON: \(reason) at byte \(byte).")
        case .tooManyValues(let limit):
            return .invalid(parameter: "body", "The body holds more than \(limit) values.")
        }
    }

    private static func refusal(for error: DecodingError) -> Refusal {
        switch error {
        case .keyNotFound(let key, let context):
            let name = parameter(context.codingPath + [key])
            return .invalid(parameter: name, "\(name) is missing.")
        case .typeMismatch(let expected, let context), .valueNotFound(let expected, let context):
            let name = parameter(context.codingPath)
            return .invalid(parameter: name, "\(name) must be \(describe(expected)).")
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            return .invalid(parameter: "body", "The body is not JSON.")
        case .dataCorrupted(let context):
            let name = parameter(context.codingPath)
            return .invalid(parameter: name, "\(name) is not a value this field can hold.")
        @unknown default:
            return .invalid(parameter: "body", "The body cannot be read.")
        }
    }

    /// `metadata.order_id` the way Stripe writes it: `metadata[order_id]`.
    private static func parameter(_ path: [any CodingKey]) -> String {
        guard let first = path.first else { return "body" }
        return path.dropFirst().reduce(first.stringValue) { "\($0)[\($1.stringValue)]" }
    }

    private static func describe(_ type: Any.Type) -> String {
        switch type {
        case is Bool.Type: "true or false"
        case is String.Type: "a string"
        case is Int64.Type, is Int.Type: "an integer"
        case is Double.Type: "a number"
        default: "an object"
        }
    }
}

extension KeyedDecodingContainer {
    /// A number by its name. Of one that does not fit, `JSONDecoder` says only that the whole text is not JSON.
    func decodeNumber<Number: Decodable>(_ type: Number.Type, forKey key: Key) throws -> Number {
        do {
            return try decode(ExactNumber<Number>.self, forKey: key).value
        } catch let error as DecodingError {
            throw error
        } catch {
            throw Refusal.invalid(
                parameter: key.stringValue,
                "\(key.stringValue) must be a number that fits \(type), with no more digits than it keeps.")
        }
    }
}

/// A number that is the one in the text, and none that it was rounded to.
private struct ExactNumber<Number: Decodable>: Decodable {
    let value: Number

    /// - Throws: `Rounded`.
    init(from decoder: any Decoder) throws {
        if let rounded = decoder.userInfo[RequestJSON.roundedNumbers] as? RoundedNumbers,
            rounded.contains(decoder.codingPath)
        {
            throw Rounded()
        }
        value = try decoder.singleValueContainer().decode(Number.self)
    }

    struct Rounded: Error {}
}
