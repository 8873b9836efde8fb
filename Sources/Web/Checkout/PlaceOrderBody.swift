import Contracts

/// The body of `POST /v1/orders`.
struct PlaceOrderBody: Decodable {
    struct Line: Decodable {
        let productId: String
        let quantity: WholeNumber
    }

    let customerId: String
    let email: String
    let currency: String
    let cardToken: String
    let lines: [Line]
}

extension PlaceOrderBody {
    /// Reads a compact body with each field once, in any order, and nothing else; nil for whatever else it may be,
    /// which the general reader then takes or refuses.
    init?(compact data: [UInt8]) {
        guard let body = CanonicalJSONReader.parse(data, Self.read) else { return nil }
        self = body
    }

    private static func read(_ reader: inout CanonicalJSONReader) -> PlaceOrderBody? {
        var texts: [String: String] = [:]
        var lines: [Line]?
        guard reader.skip("{") else { return nil }
        repeat {
            guard let key = reader.string(), reader.skip(":") else { return nil }
            switch key {
            case "customerId", "email", "currency", "cardToken":
                guard texts[key] == nil, let text = reader.string() else { return nil }
                texts[key] = text
            case "lines":
                guard lines == nil, let list = reader.list(readLine) else { return nil }
                lines = list
            default:
                return nil
            }
        } while reader.skip(",")
        guard reader.skip("}"), let lines, let customerId = texts["customerId"], let email = texts["email"],
            let currency = texts["currency"], let cardToken = texts["cardToken"]
        else { return nil }
        return PlaceOrderBody(
            customerId: customerId, email: email, currency: currency, cardToken: cardToken, lines: lines)
    }

    private static func readLine(_ reader: inout CanonicalJSONReader) -> Line? {
        guard reader.skip(#"{"productId":"#), let productId = reader.string(),
            reader.skip(#","quantity":"#), let quantity = reader.integer(), reader.skip("}")
        else { return nil }
        return Line(productId: productId, quantity: WholeNumber(value: quantity))
    }
}
