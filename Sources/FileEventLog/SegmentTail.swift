import EventLog
import LogFormat

/// What stands in a segment file behind its last good frame.
///
/// The one place that tells an append that was cut off from damage; recovery and `log verify` both ask it.
enum SegmentTail {
    /// Zeros up to the end of the file.
    case clean
    /// The remains of one append.
    case torn([UInt8])
    /// Nothing that an append which was cut off can leave behind.
    case damaged(String)
}

extension SegmentScan {
    /// - Parameter fault: what `next()` said about the bytes at `position`.
    func judgeTail(_ fault: FrameFault) throws(LogError) -> SegmentTail {
        let rest: [UInt8]
        do {
            let size = try file.size()
            rest = try file.read(Int(max(size, position) - position), at: position)
        } catch {
            throw error.asLogError(topic.topic)
        }
        guard let last = rest.lastNonZero else { return .clean }
        let used = last + 1
        if isSealed { return .damaged("\(used) bytes after the segment's seal") }
        switch fault {
        // Under a right header checksum: written on purpose, by a program that knows more or one that is wrong.
        case .unknown(let what): return .damaged("\(what), which this program does not know")
        case .structure(let what): return .damaged(what)
        case .blank, .short, .magic, .headerChecksum, .payloadChecksum: break
        }
        if used > Frame.maximumLength {
            return .damaged("\(used) bytes that are no frame, more than one append can leave")
        }
        if let later = Self.firstFrameHeader(in: rest) {
            return .damaged(
                "\(fault); a whole frame follows at byte \(position + UInt64(later)), so this is no torn tail")
        }
        return .torn(Array(rest[..<used]))
    }

    /// A valid frame header anywhere behind the first byte: frames begin at multiples of 8.
    private static func firstFrameHeader(in bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBytes { bytes in
            stride(from: 8, to: bytes.count - Frame.headerLength + 1, by: 8).first { start in
                bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self) == Frame.magic.littleEndian
                    && (try? Frame(header: UnsafeRawBufferPointer(rebasing: bytes[start...]))) != nil
            }
        }
    }
}

extension [UInt8] {
    /// Index of the last byte that is not zero; the zeros behind it are many, so they are passed eight at a time.
    fileprivate var lastNonZero: Int? {
        withUnsafeBytes { bytes in
            var end = bytes.count
            while end >= 8, bytes.loadUnaligned(fromByteOffset: end - 8, as: UInt64.self) == 0 { end -= 8 }
            return bytes[..<end].lastIndex { $0 != 0 }
        }
    }
}
