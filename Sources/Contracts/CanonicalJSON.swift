/// Writes JSON in the one form that events have: keys sorted by the caller, no white space, slashes not escaped.
///
/// The bytes equal those of Foundation's `JSONEncoder` with `.sortedKeys` and `.withoutEscapingSlashes`; a test holds that
/// for every type that writes itself. Why by hand: docs/decisions/0007-canonical-json.md.
package struct CanonicalJSONWriter {
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 256) {
        bytes.reserveCapacity(capacity)
    }

    /// Punctuation and keys as they stand.
    package mutating func raw(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package mutating func integer(_ value: some FixedWidthInteger) {
        bytes.append(contentsOf: String(value).utf8)
    }

    package mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            if utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 != 0x7F }) {
                bytes.append(contentsOf: utf8)
            } else {
                for byte in utf8 { escaped(byte) }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    package mutating func list<Element>(_ elements: [Element], _ write: (inout Self, Element) -> Void) {
        bytes.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(&self, element)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func escaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): raw("\\\"")
        case UInt8(ascii: "\\"): raw("\\\\")
        case 0x08: raw("\\b")
        case 0x09: raw("\\t")
        case 0x0A: raw("\\n")
        case 0x0C: raw("\\f")
        case 0x0D: raw("\\r")
        case ..<0x20:
            raw("\\u00")
            bytes.append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
            bytes.append(Self.digits[Int(byte & 15)])
        default: bytes.append(byte)
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)
}

/// Reads JSON of exactly the form that `CanonicalJSONWriter` writes, without escapes; whoever meets anything else falls
/// back on a general reader, so nothing is refused here for good.
package struct CanonicalJSONReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// The value that `read` makes of all the bytes; nil where they have another form.
    package static func parse<Value>(_ data: [UInt8], _ read: (inout Self) -> Value?) -> Value? {
        data.withUnsafeBytes { bytes in
            var reader = Self(bytes: bytes)
            guard let value = read(&reader), reader.position == bytes.count else { return nil }
            return value
        }
    }

    /// What `read` makes of the first bytes; what follows is not looked at.
    package static func parsePrefix<Value>(_ data: [UInt8], _ read: (inout Self) -> Value?) -> Value? {
        data.withUnsafeBytes { bytes in
            var reader = Self(bytes: bytes)
            return read(&reader)
        }
    }

    private init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Whether exactly this text comes next; if so, goes past it.
    package mutating func skip(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count - position >= count else { return false }
        for index in 0..<count where bytes[position + index] != text.utf8Start[index] { return false }
        position += count
        return true
    }

    package mutating func integer() -> Int64? {
        let isNegative = skip("-")
        let first = position
        var value: Int64 = 0
        while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 {
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let digit = Int64(bytes[position] - 0x30)
            let (next, overflow2) =
                isNegative ? scaled.subtractingReportingOverflow(digit) : scaled.addingReportingOverflow(digit)
            guard !overflow, !overflow2 else { return nil }
            value = next
            position += 1
        }
        // A leading zero, and a fraction or an exponent behind, are not canonical.
        guard position > first, bytes[first] != 0x30 || position == first + 1, !isNegative || value != 0 else {
            return nil
        }
        return value
    }

    /// A string without escapes.
    package mutating func string() -> String? {
        guard skip("\"") else { return nil }
        let first = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            guard bytes[position] >= 0x20, bytes[position] != UInt8(ascii: "\\") else { return nil }
            position += 1
        }
        guard position < bytes.count else { return nil }
        defer { position += 1 }
        return String(utf8: bytes[first..<position])
    }

    package mutating func list<Element>(_ read: (inout Self) -> Element?) -> [Element]? {
        guard skip("[") else { return nil }
        if skip("]") { return [] }
        var elements: [Element] = []
        repeat {
            guard let element = read(&self) else { return nil }
            elements.append(element)
        } while skip(",")
        return skip("]") ? elements : nil
    }
}

/// A value that writes and reads itself in canonical form.
package protocol CanonicalJSON: Codable {
    func write(to writer: inout CanonicalJSONWriter)
    /// Nil where the bytes have another form, which says nothing about whether they are right.
    static func read(from reader: inout CanonicalJSONReader) -> Self?
}

extension CanonicalJSON {
    /// The value as canonical JSON.
    package var canonicalBytes: [UInt8] {
        var writer = CanonicalJSONWriter()
        write(to: &writer)
        return writer.bytes
    }
}
