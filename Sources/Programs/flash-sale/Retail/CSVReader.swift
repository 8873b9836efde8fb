/// A fault of a CSV file, and where.
struct CSVFault: Error, Equatable, CustomStringConvertible {
    /// Counts from 1; of a quoted field, the line where it opens.
    var line: Int
    var reason: String

    var description: String { "line \(line): \(reason)" }
}

/// Reads CSV as RFC 4180 writes it, strictly: quoted fields hold commas, quotes (doubled) and line breaks; a quote
/// inside an unquoted field is a fault. Lines end in LF or CRLF; a byte order mark is skipped; text is UTF-8, or ISO 8859-1 if the
/// bytes are not UTF-8.
struct CSVReader {
    struct Row: Equatable {
        /// Line on which the row begins.
        var line: Int
        var fields: [String]
    }

    private let bytes: [UInt8]
    private let isUTF8: Bool
    private var index = 0
    private var line = 1

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        isUTF8 = String(validating: bytes, as: UTF8.self) != nil
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
    }

    /// - Returns: the next row that is not blank; nil at the end.
    mutating func next() throws(CSVFault) -> Row? {
        while index < bytes.count {
            let start = line
            var fields: [String] = []
            repeat {
                fields.append(try field())
            } while try separator()
            if fields != [""] { return Row(line: start, fields: fields) }
        }
        return nil
    }

    private mutating func field() throws(CSVFault) -> String {
        guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { return try unquoted() }
        let opening = line
        var content: [UInt8] = []
        index += 1
        while true {
            guard index < bytes.count else { throw CSVFault(line: opening, reason: "a quoted field that never ends") }
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\"") {
                guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { break }
                index += 1
            } else if byte == UInt8(ascii: "\n") {
                line += 1
            }
            content.append(byte)
        }
        return text(content[...])
    }

    private mutating func unquoted() throws(CSVFault) -> String {
        let start = index
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: ","), UInt8(ascii: "\n"): return text(bytes[start..<index])
            case UInt8(ascii: "\r") where index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "\n"):
                return text(bytes[start..<index])
            case UInt8(ascii: "\""):
                throw CSVFault(line: line, reason: "a quote inside a field that does not begin with one")
            case UInt8(ascii: "\r"):
                throw CSVFault(line: line, reason: "a carriage return without a line feed")
            default: index += 1
            }
        }
        return text(bytes[start...])
    }

    /// - Returns: whether another field follows on this row.
    private mutating func separator() throws(CSVFault) -> Bool {
        guard index < bytes.count else { return false }
        switch bytes[index] {
        case UInt8(ascii: ","):
            index += 1
            return true
        case UInt8(ascii: "\r") where index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "\n"):
            index += 2
        case UInt8(ascii: "\n"):
            index += 1
        default:
            throw CSVFault(line: line, reason: "text after the quote that ends a field")
        }
        line += 1
        return false
    }

    private func text(_ bytes: ArraySlice<UInt8>) -> String {
        if isUTF8 { return String(decoding: bytes, as: UTF8.self) }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: bytes.lazy.map { Unicode.Scalar($0) })
        return String(text)
    }
}
