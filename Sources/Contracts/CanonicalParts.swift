import Foundation

// The parts that events share, in canonical form: fields in the order of their keys.

extension Money: CanonicalJSON {
    package func write(to writer: inout CanonicalJSONWriter) {
        writer.raw(#"{"amount":"#)
        writer.integer(amount)
        writer.raw(#","currency":"#)
        writer.string(currency)
        writer.raw("}")
    }

    package static func read(from reader: inout CanonicalJSONReader) -> Money? {
        guard reader.skip(#"{"amount":"#), let amount = reader.integer(),
            reader.skip(#","currency":"#), let currency = reader.string(), reader.skip("}")
        else { return nil }
        return Money(amount: amount, currency: currency)
    }
}

extension OrderLine: CanonicalJSON {
    package func write(to writer: inout CanonicalJSONWriter) {
        writer.raw(#"{"productID":"#)
        writer.string(productID)
        writer.raw(#","quantity":"#)
        writer.integer(quantity)
        writer.raw(#","unitPrice":"#)
        writer.integer(unitPrice)
        writer.raw("}")
    }

    package static func read(from reader: inout CanonicalJSONReader) -> OrderLine? {
        guard reader.skip(#"{"productID":"#), let productID = reader.string(),
            reader.skip(#","quantity":"#), let quantity = reader.integer(),
            reader.skip(#","unitPrice":"#), let unitPrice = reader.integer(), reader.skip("}")
        else { return nil }
        return OrderLine(productID: productID, quantity: quantity, unitPrice: unitPrice)
    }
}

extension StockLine: CanonicalJSON {
    package func write(to writer: inout CanonicalJSONWriter) {
        writer.raw(#"{"productID":"#)
        writer.string(productID)
        writer.raw(#","quantity":"#)
        writer.integer(quantity)
        writer.raw("}")
    }

    package static func read(from reader: inout CanonicalJSONReader) -> StockLine? {
        guard reader.skip(#"{"productID":"#), let productID = reader.string(),
            reader.skip(#","quantity":"#), let quantity = reader.integer(), reader.skip("}")
        else { return nil }
        return StockLine(productID: productID, quantity: quantity)
    }
}

extension Shortage: CanonicalJSON {
    package func write(to writer: inout CanonicalJSONWriter) {
        writer.raw(#"{"available":"#)
        writer.integer(available)
        writer.raw(#","productID":"#)
        writer.string(productID)
        writer.raw(#","requested":"#)
        writer.integer(requested)
        writer.raw("}")
    }

    package static func read(from reader: inout CanonicalJSONReader) -> Shortage? {
        guard reader.skip(#"{"available":"#), let available = reader.integer(),
            reader.skip(#","productID":"#), let productID = reader.string(),
            reader.skip(#","requested":"#), let requested = reader.integer(), reader.skip("}")
        else { return nil }
        return Shortage(productID: productID, requested: requested, available: available)
    }
}

extension Timestamp {
    func write(to writer: inout CanonicalJSONWriter) {
        writer.string(description)
    }

    static func read(from reader: inout CanonicalJSONReader) -> Timestamp? {
        reader.string().flatMap { Timestamp($0) }
    }
}

extension Array: CanonicalJSON where Element: CanonicalJSON {
    package func write(to writer: inout CanonicalJSONWriter) {
        writer.list(self) { $1.write(to: &$0) }
    }

    package static func read(from reader: inout CanonicalJSONReader) -> [Element]? {
        reader.list { Element.read(from: &$0) }
    }
}

extension CanonicalJSON {
    /// Reads canonical bytes at once and any other JSON through Foundation.
    package static func decoded(fromJSON data: [UInt8]) throws -> Self {
        if let value = CanonicalJSONReader.parse(data, Self.read) { return value }
        return try JSONDecoder().decode(Self.self, from: Data(data))
    }
}
