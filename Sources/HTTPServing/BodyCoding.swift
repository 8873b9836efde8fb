import Foundation
package import HTTPTypes

/// What a request says of the coding of its body, where the body is to be JSON.
///
/// *Guarantee*: a body that is said to be in another character set than UTF-8, or compressed, is not read as if it were not.
package enum BodyCoding {
    /// Why a body cannot be read, as 415 (RFC 9110 §15.5.16) says it; `nil` if it can.
    package static func refusal(_ headers: HTTPFields) -> String? {
        if let coding = headers[.contentEncoding], !isIdentity(coding) {
            return "send the body as it is, with no Content-Encoding but identity, not \(coding)"
        }
        if let type = headers[.contentType], let charset = charset(of: type), charset.lowercased() != "utf-8" {
            return "send UTF-8, not \(charset)"
        }
        return nil
    }

    private static func isIdentity(_ codings: String) -> Bool {
        codings.split(separator: ",").allSatisfy { trimmed($0).lowercased() == "identity" }
    }

    /// The parameter `charset` of a media type; the first that is not UTF-8, if it is named more than once.
    private static func charset(of type: String) -> String? {
        guard type.utf8.contains(UInt8(ascii: ";")) else { return nil }
        let values = type.split(separator: ";").dropFirst().compactMap { parameter -> String? in
            let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first, trimmed(name).lowercased() == "charset" else { return nil }
            let value = parts.count > 1 ? trimmed(parts[1]) : ""
            return value.count > 1 && value.hasPrefix("\"") && value.hasSuffix("\"")
                ? String(value.dropFirst().dropLast()) : value
        }
        return values.first { $0.lowercased() != "utf-8" } ?? values.first
    }

    private static func trimmed(_ text: Substring) -> String { text.trimmingCharacters(in: .whitespaces) }
}
