import Contracts
import Foundation

/// Finds the part of a long mailbox that was written around a time, by the dates of a few separator lines. Messages are
/// appended as they are delivered, so their dates rise but for those that were held up.
struct MailboxPlace {
    let descriptor: Int32
    let path: String

    /// A mailbox of no more bytes is read whole, and of a longer one as much.
    static let window = 64 << 20
    /// Bytes before the place that a date leads to.
    private static let slack = 1 << 20
    /// Bytes in which a separator line is looked for.
    private static let probe = 256 << 10
    private static let separator = ByteSearch(Array("\nFrom ".utf8))

    /// - Parameter times: nil for the whole file.
    /// - Throws: `Failure.unreadable`.
    func range(around times: [Timestamp]?) throws -> Range<Int> {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw Failure.unreadable(file: path, reason: "stat failed: \(String(cString: strerror(errno)))")
        }
        let size = Int(status.st_size)
        guard let times, size > Self.window else { return 0..<size }
        guard let first = times.min() else { return size - Self.window..<size }
        // Separator lines tell whole seconds.
        let place = try lowerBound(of: first - .seconds(2), size: size)
        let start = max(0, place - Self.slack)
        return start..<min(size, start + Self.window)
    }

    private func lowerBound(of time: Timestamp, size: Int) throws -> Int {
        var (low, high) = (0, size)
        while high - low > Self.slack {
            let middle = low + (high - low) / 2
            if let found = date(at: middle), found < time { low = middle } else { high = middle }
        }
        return low
    }

    /// Of the first message that begins there or later; nil where none is near.
    private func date(at position: Int) -> Timestamp? {
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.probe) { buffer, count in
            count = max(0, pread(descriptor, buffer.baseAddress, buffer.count, off_t(position)))
        }
        guard let start = bytes.withUnsafeBytes({ Self.separator.first(in: $0) }) else { return nil }
        let line = bytes[(start + 1)...].prefix { $0 != UInt8(ascii: "\n") }
        return Self.date(of: String(decoding: line, as: UTF8.self))
    }

    /// `From orders@stampede.example Sun Mar  1 12:00:00 2026` (RFC 4155, UTC)
    static func date(of line: String) -> Timestamp? {
        let words = line.split(separator: " ").suffix(4).map(String.init)
        guard words.count == 4, let month = months.firstIndex(of: words[0]), let day = Int(words[1]) else { return nil }
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return Timestamp("\(words[3])-\(two(month + 1))-\(two(day))T\(words[2])Z")
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
