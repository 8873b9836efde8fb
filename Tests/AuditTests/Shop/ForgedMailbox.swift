import Foundation
import Testing

/// The mailbox of a shop, message by message, to be changed and written back; docs/reference/mailbox.md says what a frame is.
struct ForgedMailbox {
    struct Message {
        /// The "From " line, without its end.
        var separator: String
        /// What the frame counts.
        var framed: String

        /// With the frame that belongs to it.
        var stored: String {
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in framed.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            let digits = String(hash, radix: 16)
            let sum = String(repeating: "0", count: 16 - digits.count) + digits
            return "\(separator)\nX-Stampede-Frame: \(framed.utf8.count) \(sum)\n\(framed)"
        }

        mutating func replace(_ text: String, _ other: String) throws {
            try #require(framed.contains(text), "the message holds no \(text)")
            framed = framed.replacingOccurrences(of: text, with: other)
        }

        mutating func replaceLast(_ text: String, _ other: String) throws {
            let range = try #require(framed.range(of: text, options: .backwards), "the message holds no \(text)")
            framed.replaceSubrange(range, with: other)
        }

        /// The line of a header, with its end.
        func header(_ name: String) throws -> String {
            let start = try #require(framed.range(of: "\(name): "), "the message has no \(name)").lowerBound
            return String(framed[start...].prefix { $0 != "\n" }) + "\n"
        }

        mutating func set(_ name: String, _ value: String) throws {
            try replace(try header(name), "\(name): \(value)\n")
        }

        mutating func insert(header: String) {
            framed = "\(header)\n" + framed
        }

        mutating func remove(_ name: String) throws {
            try replace(try header(name), "")
        }
    }

    let path: String
    var messages: [Message] = []

    init(_ shop: Shop) throws {
        path = shop.mailboxPath
        var rest = try String(contentsOfFile: path, encoding: .utf8)[...]
        while !rest.isEmpty {
            let lines = rest.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false)
            try #require(lines.count == 3)
            let field = try #require(lines[1].split(separator: " ").dropFirst().first)
            let count = try #require(Int(field))
            let bytes = lines[2].utf8
            messages.append(
                Message(separator: String(lines[0]), framed: String(decoding: bytes.prefix(count), as: UTF8.self)))
            rest = lines[2][bytes.index(bytes.startIndex, offsetBy: count)...]
        }
    }

    /// The first message of a kind; of the confirmations, one over 19.99 GBP.
    func index(of kind: String) throws -> Int {
        try #require(
            messages.firstIndex {
                $0.framed.contains("X-Stampede-Kind: \(kind)\n")
                    && (kind != "confirmation" || $0.framed.contains("  Total: 19.99 GBP\n"))
            }, "no message is a \(kind)")
    }

    var bytes: [UInt8] { messages.flatMap { Array($0.stored.utf8) } }

    func write(_ bytes: [UInt8]? = nil) throws {
        try Data(bytes ?? self.bytes).write(to: URL(fileURLWithPath: path))
    }
}
