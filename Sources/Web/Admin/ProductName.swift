/// What products may be called; lengths count Unicode scalars, as JSON Schema's do.
enum ProductName {
    static func isID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { (32...126).contains($0) }
    }

    static func isPlainText(_ text: String, _ length: ClosedRange<Int>) -> Bool {
        length.contains(text.unicodeScalars.count)
            && text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
    }
}
