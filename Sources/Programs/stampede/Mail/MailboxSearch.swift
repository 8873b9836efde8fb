import Audit
import Contracts
import Foundation

/// Finds messages in an mbox file without reading the others: looks for a text, such as the order's id, in large blocks, and
/// for the separator lines around what it finds.
///
/// *Why not mapped*: the file's owner may cut off a torn message at its start; a mapped page behind the end kills the
/// reader. In `mboxrd` a line that begins with "From " is always a separator.
struct MailboxSearch {
    let path: String
    private static let block = 4 << 20
    private static let step = 64 << 10
    /// Longest message, in bytes: what does not end by then is cut off there.
    static let maximumMessage = 32 << 20

    private static let separator = ByteSearch(Array("\nFrom ".utf8))

    /// In the order of the file.
    ///
    /// - Parameter times: when the order's messages were decided on and delivered; a long mailbox is then read around them
    ///   alone, and at its end where there are none. Nil for the whole of it.
    /// - Throws: `Failure.noMailbox`, `.unreadable`.
    func messages(of order: OrderID, around times: [Timestamp]? = nil) throws -> [MailMessage] {
        try messages(containing: order.description, around: times) { $0.order == order }
    }

    /// Messages to the operator, in the order of the file.
    ///
    /// - Throws: `Failure.noMailbox`, `.unreadable`.
    func alerts() throws -> [MailMessage] {
        try messages(containing: "X-Stampede-Alert", around: nil) { $0.isAlert }
    }

    private func messages(
        containing text: String, around times: [Timestamp]?, where isWanted: (MailMessage) -> Bool
    ) throws -> [MailMessage] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw errno == ENOENT ? Failure.noMailbox(path) : failure("open") }
        defer { close(descriptor) }
        let name = ByteSearch(Array(text.utf8))
        var found: [MailMessage] = []
        let range = try MailboxPlace(descriptor: descriptor, path: path).range(around: times)
        var position = range.lowerBound
        while position < range.upperBound,
            let hit = try find(name, descriptor, from: position, atMost: range.upperBound - position, by: Self.block)
        {
            let start = try lineAfterSeparator(before: hit, descriptor)
            let end = try find(Self.separator, descriptor, from: hit, atMost: Self.maximumMessage, by: Self.step)
                .map { $0 + 1 }
            let bytes = try read(descriptor, from: start, count: min(end ?? .max, start + Self.maximumMessage) - start)
            let message = MailMessage(stored: bytes)
            if isWanted(message) { found.append(message) }
            guard let end else { break }
            position = end
        }
        return found
    }

    /// Offset of the "From " line that the byte belongs to.
    private func lineAfterSeparator(before hit: Int, _ descriptor: Int32) throws -> Int {
        var end = hit
        while end > 0, hit - end < Self.maximumMessage {
            let start = max(0, end - Self.step)
            let bytes = try read(descriptor, from: start, count: end - start + Self.separator.text.count - 1)
            if let index = Self.separator.last(in: bytes.prefix(hit - start)) { return start + index + 1 }
            end = start
        }
        return end
    }

    /// Offset of the first occurrence of a text.
    private func find(
        _ search: ByteSearch, _ descriptor: Int32, from start: Int, atMost limit: Int, by block: Int
    ) throws -> Int? {
        var position = start
        while position - start < limit {
            let bytes = try read(descriptor, from: position, count: block)
            if let index = bytes.withUnsafeBytes({ search.first(in: $0) }) { return position + index }
            guard bytes.count >= search.text.count else { return nil }
            position += bytes.count - (search.text.count - 1)
        }
        return nil
    }

    // MARK: - Bytes

    private func read(_ descriptor: Int32, from start: Int, count: Int) throws -> [UInt8] {
        var filled = 0
        let bytes = try [UInt8](unsafeUninitializedCapacity: min(count, Self.maximumMessage)) { buffer, initialized in
            while filled < buffer.count {
                let got = pread(descriptor, buffer.baseAddress! + filled, buffer.count - filled, off_t(start + filled))
                if got < 0, errno == EINTR { continue }
                guard got >= 0 else { throw failure("read") }
                if got == 0 { break }
                filled += got
            }
            initialized = filled
        }
        return bytes
    }

    private func failure(_ operation: String) -> Failure {
        .unreadable(file: path, reason: "\(operation) failed: \(String(cString: strerror(errno)))")
    }
}
