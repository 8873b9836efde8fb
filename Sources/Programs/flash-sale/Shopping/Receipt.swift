import Contracts
import Foundation

/// What a 202 says: the order's id, what opens it, and its total.
struct Receipt: Equatable {
    var order: String
    var token: String
    var total: Int64
    var currency: String

    init?(_ body: [UInt8]) {
        guard let receipt = Self.scanned(body) ?? Self.decoded(body) else { return nil }
        self = receipt
    }

    private init(order: String, token: String, total: Int64, currency: String) {
        self.order = order
        self.token = token
        self.total = total
        self.currency = currency
    }

    /// The usual shape, compact and without escapes, found by its field names; nil asks for a real parser.
    static func scanned(_ body: [UInt8]) -> Receipt? {
        body.withUnsafeBytes { bytes -> Receipt? in
            guard !bytes.contains(UInt8(ascii: "\\")),
                let idStart = position(after: "\"orderId\":\"", in: bytes), idStart + 36 < bytes.count,
                bytes[idStart + 36] == UInt8(ascii: "\""),
                let tokenStart = position(after: "\"token\":\"", in: bytes),
                let tokenEnd = bytes[tokenStart...].firstIndex(of: UInt8(ascii: "\"")), tokenEnd > tokenStart,
                let amountStart = position(after: "\"amount\":", in: bytes),
                let currencyStart = position(after: "\"currency\":\"", in: bytes), currencyStart + 3 < bytes.count,
                bytes[currencyStart + 3] == UInt8(ascii: "\"")
            else { return nil }
            var amount: Int64 = 0
            var index = amountStart
            while index < bytes.count, (48...57).contains(bytes[index]) {
                guard amount < Int64.max / 10 - 10 else { return nil }
                amount = amount * 10 + Int64(bytes[index] - 48)
                index += 1
            }
            guard index > amountStart, index < bytes.count,
                bytes[index] == UInt8(ascii: ",") || bytes[index] == UInt8(ascii: "}")
            else { return nil }
            let order = String(decoding: bytes[idStart..<idStart + 36], as: UTF8.self)
            guard OrderID(order) != nil else { return nil }
            return Receipt(
                order: order, token: String(decoding: bytes[tokenStart..<tokenEnd], as: UTF8.self), total: amount,
                currency: String(decoding: bytes[currencyStart..<currencyStart + 3], as: UTF8.self))
        }
    }

    private struct Wire: Decodable {
        var orderId: OrderID
        var token: String
        var total: Money
    }

    static func decoded(_ body: [UInt8]) -> Receipt? {
        guard let wire = try? JSONDecoder().decode(Wire.self, from: Data(body)), !wire.token.isEmpty else { return nil }
        return Receipt(
            order: wire.orderId.description, token: wire.token, total: wire.total.amount, currency: wire.total.currency)
    }

    private static func position(after text: StaticString, in bytes: UnsafeRawBufferPointer) -> Int? {
        let length = text.utf8CodeUnitCount
        guard bytes.count >= length else { return nil }
        search: for start in 0...bytes.count - length {
            for offset in 0..<length where bytes[start + offset] != text.utf8Start[offset] { continue search }
            return start + length
        }
        return nil
    }
}
