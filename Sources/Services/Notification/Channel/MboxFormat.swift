/// The form of a message in the mailbox: mbox (RFC 4155), lines that look like a separator escaped as `mboxrd` does, and
/// one header line of our own that says how long the message is and what its bytes add up to.
///
///     From orders@stampede.example Sun Mar  1 12:00:00 2026
///     X-Stampede-Frame: 1834 af63bd4c8601b7df
///     Date: …                                     ┐
///     …                                           │ 1834 bytes, FNV-1a 64 of which is af63bd4c8601b7df
///     (empty line)                                ┘
///
/// Described for readers in docs/reference/mailbox.md.
enum MboxFormat {
    static let frameHeader = "X-Stampede-Frame: "

    static func encode(_ mail: OutgoingMail) -> [UInt8] {
        var body = escaped(mail.message)
        if body.last != UInt8(ascii: "\n") { body.append(UInt8(ascii: "\n")) }
        body.append(UInt8(ascii: "\n"))
        let head =
            "From \(mail.sender) \(MailDate.separator(mail.date))\n\(frameHeader)\(body.count) \(hex(checksum(body)))\n"
        return Array(head.utf8) + body
    }

    /// One more ">" before every line that is "From " behind any number of ">": so each can be taken off again.
    private static func escaped(_ message: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(message.count + 64)
        var start = 0
        while start < message.count {
            let end = (message[start...].firstIndex(of: UInt8(ascii: "\n")) ?? message.count - 1) + 1
            let line = message[start..<end]
            if line.drop(while: { $0 == UInt8(ascii: ">") }).starts(with: "From ".utf8) {
                output.append(UInt8(ascii: ">"))
            }
            output += line
            start = end
        }
        return output
    }

    // MARK: - Reading back what a crash left

    /// A whole message at the front of `bytes`.
    struct Whole {
        /// Bytes, its separator line included.
        let length: Int
        let messageID: String
    }

    /// Nil where the bytes do not begin with a whole message: cut short, or not all of it reached the disk.
    static func whole(_ bytes: ArraySlice<UInt8>) -> Whole? {
        guard bytes.starts(with: "From ".utf8), let first = line(bytes),
            let second = line(bytes.dropFirst(first.count)),
            second.starts(with: frameHeader.utf8)
        else { return nil }
        let fields = second.dropFirst(frameHeader.utf8.count).dropLast().split(separator: UInt8(ascii: " "))
        guard fields.count == 2, let length = Int(String(decoding: fields[0], as: UTF8.self)), length > 0 else {
            return nil
        }
        let rest = bytes.dropFirst(first.count + second.count)
        guard rest.count >= length else { return nil }
        let body = rest.prefix(length)
        guard hex(checksum(body)) == String(decoding: fields[1], as: UTF8.self), let id = messageID(body) else {
            return nil
        }
        return Whole(length: first.count + second.count + length, messageID: id)
    }

    private static func messageID(_ body: ArraySlice<UInt8>) -> String? {
        let name = "Message-ID: "
        var rest = body
        while let header = line(rest), header.count > 1 {
            if header.starts(with: name.utf8) {
                return String(decoding: header.dropFirst(name.utf8.count).dropLast(), as: UTF8.self)
            }
            rest = rest.dropFirst(header.count)
        }
        return nil
    }

    /// The first line with its "\n"; nil where there is none.
    private static func line(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        bytes.firstIndex(of: UInt8(ascii: "\n")).map { bytes[bytes.startIndex...$0] }
    }

    /// FNV-1a, 64 bits (Fowler, Noll, Vo): against torn writes, not against forgers.
    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
