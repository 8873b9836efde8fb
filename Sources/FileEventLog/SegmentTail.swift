import EventLog
import Foundation
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
            let end = max(try file.size(), position)
            guard let last = try lastNonZero(in: position..<end) else { return .clean }
            // A frame header may end in zeros.
            rest = try file.read(Int(min(end, last + UInt64(Frame.headerLength)) - position), at: position)
        } catch {
            throw error.asLogError(topic.topic)
        }
        let used = (rest.lastIndex { $0 != 0 } ?? 0) + 1
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

    /// In pieces: a segment's rest is most of its megabytes, and every start of a service looks through it.
    private func lastNonZero(in range: Range<UInt64>) throws(DiskError) -> UInt64? {
        var last: UInt64?
        var start = range.lowerBound
        while start < range.upperBound {
            let piece = try file.read(Int(min(range.upperBound - start, Self.pieceBytes)), at: start)
            guard !piece.isEmpty else { break }  // the file has become shorter
            if !piece.isZero, let index = piece.lastIndex(where: { $0 != 0 }) { last = start + UInt64(index) }
            start += UInt64(piece.count)
        }
        return last
    }

    private static var pieceBytes: UInt64 { 256 << 10 }

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
    /// Each byte the same as the next, and the first one zero: `memcmp` compares many at a time.
    fileprivate var isZero: Bool {
        withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let first = bytes.first else { return true }
            return first == 0 && memcmp(base, base + 1, bytes.count - 1) == 0
        }
    }
}
