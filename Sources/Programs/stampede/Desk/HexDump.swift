/// Bytes for a reader: offset, sixteen bytes, and those of them that are ASCII.
enum HexDump {
    private static let columns = 16

    static func lines(_ bytes: some Collection<UInt8>) -> [String] {
        let bytes = Array(bytes)
        return stride(from: 0, to: bytes.count, by: columns).map { start in
            let row = bytes[start..<min(start + columns, bytes.count)]
            let digits = row.map { hex(Int($0), 2) }.joined(separator: " ")
            let text = String(decoding: row.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: ".") }, as: UTF8.self)
            let padding = String(repeating: " ", count: 3 * columns - 1 - digits.count)
            return "\(hex(start, 6))  \(digits)\(padding)  \(text)"
        }
    }

    private static func hex(_ value: Int, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
