import Contracts
import Foundation

/// Reads the mailbox that the default channel appends to (docs/reference/mailbox.md) from its first byte to its last: whole
/// messages, and stretches that are none.
///
/// In blocks, not mapped: the owner may cut off a torn end at its start, and a mapped page behind the end kills the reader.
struct MailboxReader {
    static let file = "mail/outbox.mbox"

    enum Item {
        case message(StoredMail)
        case damage(Damage)
    }

    /// A message whose frame adds up.
    struct StoredMail {
        /// Bytes of the file, the separator line included.
        let range: Range<Int>
        /// The "From " line, without its end.
        let separator: ArraySlice<UInt8>
        /// What the frame counts: the message, quoted as `mboxrd` does, and the empty line that ends it.
        let framed: ArraySlice<UInt8>
    }

    /// Bytes that are no whole message.
    struct Damage {
        let range: Range<Int>
        let text: String
        /// What the message told of, if that can still be read.
        let event: EventID?
    }

    /// Longest message, in bytes; a frame that says more is none.
    static let maximumMessage = 8 << 20
    private static let maximumLine = 1000
    private static let block = 1 << 20
    /// After so many damaged stretches the rest of the file is one more: a file made to be slow to read is none to be read.
    private static let maximumDamages = 100
    /// Bytes of a damaged message that are searched for its Message-ID.
    private static let headLimit = 64 << 10

    private let descriptor: Int32
    private var window: [UInt8] = []
    /// Offset in the file of the window's first byte.
    private var base = 0
    /// Index in the window of what is read next.
    private var next = 0
    private var isAtEnd = false
    private var damages = 0

    /// Nil if there is no such file: no mail was ever sent.
    ///
    /// - Throws: `AuditError.unreadable`.
    init?(path: String) throws {
        // A pipe without a writer would never be open otherwise.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if descriptor < 0 {
            if errno == ENOENT { return nil }
            throw AuditError.unreadable(file: path, reason: String(cString: strerror(errno)))
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close()
            throw AuditError.unreadable(file: path, reason: "it is no file")
        }
    }

    func close() {
        Foundation.close(descriptor)
    }

    /// Of the file as it is now, in bytes.
    var size: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Bytes; 0 if there is no such file.
    static func size(path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Nil at the end of the file.
    mutating func item() throws -> Item? {
        try fill(Self.maximumLine * 2)
        guard next < window.count else { return nil }
        guard damages < Self.maximumDamages else {
            let start = base + next
            next = window.count
            isAtEnd = true
            return .damage(
                Damage(
                    range: start..<max(start + 1, size),
                    text: "bytes that were not read: too much before them is damaged",
                    event: nil))
        }
        switch try frame() {
        case .whole(let mail):
            next += mail.range.count
            return .message(mail)
        case .broken(let text): return .damage(try damage(text))
        }
    }

    // MARK: - One message

    private enum Frame {
        case whole(StoredMail)
        case broken(String)
    }

    private mutating func frame() throws -> Frame {
        guard window[next...].starts(with: "From ".utf8) else {
            return .broken(window[next] == 0 ? "zeros" : "bytes that are no message")
        }
        guard let head = head() else { return .broken("a message without a frame (X-Stampede-Frame)") }
        try fill(head.length + head.count)  // may move the window's bytes
        let begin = next + head.length
        guard window.count - begin >= head.count else {
            return .broken(
                "a message that is cut short: its frame counts \(head.count) bytes, \(window.count - begin) are there")
        }
        let framed = window[begin..<(begin + head.count)]
        guard Self.checksum(framed) == head.sum else {
            return .broken("a message whose bytes do not add up to its frame")
        }
        guard framed.count > 1, framed.suffix(2).elementsEqual("\n\n".utf8) else {
            return .broken("a message that no empty line ends")
        }
        let start = base + next
        return .whole(
            StoredMail(
                range: start..<(start + head.length + head.count), separator: window[next..<(next + head.separator)],
                framed: framed))
    }

    /// The two lines in front of what the frame counts.
    private struct Head {
        /// Bytes of the separator line without its end, and of both lines with theirs.
        let separator, length: Int
        let count: Int
        let sum: UInt64
    }

    private func head() -> Head? {
        guard let separator = line(at: next), let header = line(at: separator.endIndex + 1),
            let (count, sum) = Self.frame(header)
        else { return nil }
        return Head(separator: separator.count, length: header.endIndex + 1 - next, count: count, sum: sum)
    }

    /// `X-Stampede-Frame: 1834 af63bd4c8601b7df`, written that way and no other.
    private static func frame(_ line: ArraySlice<UInt8>) -> (count: Int, sum: UInt64)? {
        let name = "X-Stampede-Frame: "
        guard line.starts(with: name.utf8) else { return nil }
        let text = String(decoding: line.dropFirst(name.utf8.count), as: UTF8.self)
        let fields = text.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 2, let count = Int(fields[0]), (1...maximumMessage).contains(count),
            let sum = UInt64(fields[1], radix: 16)
        else { return nil }
        let digits = String(sum, radix: 16)
        guard text == "\(count) \(String(repeating: "0", count: 16 - digits.count))\(digits)" else { return nil }
        return (count, sum)
    }

    /// FNV-1a, 64 bits.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.withUnsafeBytes { bytes in
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            return hash
        }
    }

    /// Without its "\n"; nil if none comes.
    private func line(at start: Int) -> ArraySlice<UInt8>? {
        let bytes = window[min(start, window.count)...].prefix(Self.maximumLine)
        return bytes.firstIndex(of: UInt8(ascii: "\n")).map { window[start..<$0] }
    }

    // MARK: - What is none

    /// Everything up to the next line that begins with "From ".
    private mutating func damage(_ text: String) throws -> Damage {
        damages += 1
        let start = base + next
        try fill(Self.headLimit)
        let event = Self.event(window[next...].prefix(Self.headLimit))
        next += 1
        while true {
            try fill(Self.block)
            let rest = window[(next - 1)...]
            if let found = Self.separator(in: rest) {
                next = found
                break
            }
            // The mark of a separator may lie across two blocks.
            let kept = min(5, rest.count - 1)
            next = window.count - kept
            if isAtEnd {
                next = window.count
                break
            }
        }
        return Damage(range: start..<(base + next), text: text, event: event)
    }

    private static func separator(in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard let first = buffer.baseAddress else { return nil }
            var start = 0
            while start < buffer.count, let found = memchr(first + start, 10, buffer.count - start) {
                start = UnsafeRawPointer(found) - first + 1
                if buffer[start...].starts(with: "From ".utf8) { return bytes.startIndex + start }
            }
            return nil
        }
    }

    /// Of the first Message-ID among the bytes.
    private static func event(_ bytes: ArraySlice<UInt8>) -> EventID? {
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.starts(with: "Message-ID: <".utf8) {
            return EventID(String(decoding: line.dropFirst(13).prefix { $0 != UInt8(ascii: "@") }, as: UTF8.self))
        }
        return nil
    }

    // MARK: - Bytes

    /// Has at least so many bytes in the window from `next` on, unless the file ends before.
    private mutating func fill(_ count: Int) throws {
        guard window.count - next < count, !isAtEnd else { return }
        if next > Self.block {
            // One byte stays, so that what comes before the next byte can be looked at.
            let dropped = next - 1
            window.removeSubrange(..<dropped)
            base += dropped
            next = 1
        }
        while window.count - next < count, !isAtEnd {
            let wanted = max(Self.block, count - (window.count - next))
            var failure: Int32 = 0
            let more = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
                var got: Int
                repeat {
                    got = pread(descriptor, buffer.baseAddress, wanted, off_t(base + window.count))
                } while got < 0 && errno == EINTR
                if got < 0 { failure = errno }
                filled = max(0, got)
            }
            guard failure == 0 else {
                throw AuditError.unreadable(file: Self.file, reason: String(cString: strerror(failure)))
            }
            isAtEnd = more.isEmpty
            window += more
        }
    }
}
