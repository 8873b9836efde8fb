import Foundation

/// Counts the values of a JSON text without reading them.
///
/// *Guarantee*: what the decoder is given has at most as many values as was asked for. *If broken*: a megabyte of zeros
/// keeps the decoder busy for as long as three hundred orders take, and a thousand clients send one after the other.
enum JSONValueCount {
    /// No fewer than there are, and one too many in an empty list or object; of a text that is no JSON, some number.
    static func exceeds(_ limit: Int, in text: Data) -> Bool {
        text.withUnsafeBytes { bytes in
            var count = 1
            var isInString = false
            var isEscaped = false
            for byte in bytes {
                if isInString {
                    if isEscaped {
                        isEscaped = false
                    } else if byte == UInt8(ascii: "\\") {
                        isEscaped = true
                    } else if byte == UInt8(ascii: "\"") {
                        isInString = false
                    }
                } else if byte == UInt8(ascii: "\"") {
                    isInString = true
                } else if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") {
                    count += 1
                    if count > limit { return true }
                }
            }
            return count > limit
        }
    }
}
