import Foundation

/// The mailbox that the default channel appends to (mbox, RFC 4155): which messages are in it, and where.
struct MailboxFacts {
    /// Places of each Message-ID, as byte offsets in the file.
    var messages: [String: [Int]] = [:]
    var count = 0
    /// Messages without a Message-ID, by byte offset.
    var nameless: [Int] = []
    /// Messages for the operator, which are about no order; in neither of the two above.
    var alerts = 0
    static let file = "mail/outbox.mbox"

    /// Longest part of a message that may be its header, in bytes.
    private static let headerLimit = 64 * 1024

    init() {}

    init(path: String) {
        guard let contents = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) else {
            return  // no mail was ever sent
        }
        contents.withUnsafeBytes { bytes in
            var start = Self.isSeparator(bytes, 0) ? 0 : Self.nextSeparator(bytes, from: 0)
            while let here = start {
                add(bytes, from: here)
                start = Self.nextSeparator(bytes, from: here + 1)
            }
        }
    }

    static func size(path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    private mutating func add(_ bytes: UnsafeRawBufferPointer, from start: Int) {
        count += 1
        let end = min(bytes.count, start + Self.headerLimit)
        var line = Self.nextLine(bytes, from: start, end)
        var name: String?
        var (isAlert, isAboutOrder) = (false, false)
        while line < end, bytes[line] != UInt8(ascii: "\n"), bytes[line] != UInt8(ascii: "\r") {
            let next = Self.nextLine(bytes, from: line, end)
            name = name ?? Self.value(of: Self.messageID, bytes, line, next, end).map(Self.bare)
            isAlert = isAlert || Self.value(of: Self.alert, bytes, line, next, end) == "1"
            isAboutOrder = isAboutOrder || Self.value(of: Self.order, bytes, line, next, end) != nil
            line = next
        }
        if isAlert, !isAboutOrder {
            alerts += 1
        } else if let name {
            messages[name, default: []].append(start)
        } else {
            nameless.append(start)
        }
    }

    private static let messageID = Array("message-id:".utf8)
    private static let alert = Array("x-stampede-alert:".utf8)
    private static let order = Array("x-stampede-order:".utf8)

    /// The value of a header line, which may be folded onto the next, without white space; nil for another header.
    private static func value(
        of header: [UInt8], _ bytes: UnsafeRawBufferPointer, _ start: Int, _ next: Int, _ end: Int
    ) -> String? {
        guard next - start > header.count else { return nil }
        for (index, byte) in header.enumerated() where bytes[start + index] | 0x20 != byte | 0x20 { return nil }
        var last = next
        while last < end, bytes[last] == UInt8(ascii: " ") || bytes[last] == UInt8(ascii: "\t") {
            last = nextLine(bytes, from: last, end)
        }
        let value = bytes[start + header.count..<last].filter { $0 > UInt8(ascii: " ") }
        return value.isEmpty ? nil : String(decoding: value, as: UTF8.self)
    }

    /// A Message-ID without its angle brackets: some write them, some do not.
    static func bare(_ messageID: String) -> String {
        messageID.hasPrefix("<") && messageID.hasSuffix(">") ? String(messageID.dropFirst().dropLast()) : messageID
    }

    private static func nextLine(_ bytes: UnsafeRawBufferPointer, from start: Int, _ end: Int) -> Int {
        guard start < end, let found = memchr(bytes.baseAddress! + start, 10, end - start) else { return end }
        return UnsafeRawPointer(found) - bytes.baseAddress! + 1
    }

    private static let separator = Array("From ".utf8)

    private static func isSeparator(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Bool {
        bytes.count - start >= separator.count && separator.indices.allSatisfy { bytes[start + $0] == separator[$0] }
    }

    /// The next "From " at the start of a line; within a message the writer quotes such lines.
    private static func nextSeparator(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var line = nextLine(bytes, from: start, bytes.count)
        while line < bytes.count {
            if bytes[line] == separator[0], isSeparator(bytes, line) { return line }
            line = nextLine(bytes, from: line, bytes.count)
        }
        return nil
    }
}
