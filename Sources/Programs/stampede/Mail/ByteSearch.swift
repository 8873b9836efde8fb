/// Finds a text among bytes, looking at a fraction of them (Horspool, "Practical fast searching in strings", 1980).
struct ByteSearch {
    let text: [UInt8]
    /// How far the text may be moved when its last place holds that byte.
    private let skips: [Int]

    init(_ text: [UInt8]) {
        precondition(!text.isEmpty, "an empty text is everywhere")
        self.text = text
        var skips = [Int](repeating: text.count, count: 256)
        for (index, byte) in text.dropLast().enumerated() { skips[Int(byte)] = text.count - 1 - index }
        self.skips = skips
    }

    func first(in bytes: UnsafeRawBufferPointer) -> Int? {
        let last = text.count - 1
        return text.withUnsafeBufferPointer { text in
            skips.withUnsafeBufferPointer { skips in
                var start = 0
                while start + last < bytes.count {
                    let byte = bytes[start + last]
                    if byte == text[last], (0..<last).allSatisfy({ bytes[start + $0] == text[$0] }) { return start }
                    start += skips[Int(byte)]
                }
                return nil
            }
        }
    }

    /// The last occurrence; looks at every byte.
    func last(in bytes: some RandomAccessCollection<UInt8>) -> Int? {
        guard bytes.count >= text.count else { return nil }
        for start in (0...bytes.count - text.count).reversed()
        where bytes.dropFirst(start).prefix(text.count).elementsEqual(text) {
            return start
        }
        return nil
    }
}
