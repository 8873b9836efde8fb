// libFuzzer's entry points for the parsers of `LogFormat`, compiled into one module with them (Scripts/lib/fuzz).
//
// An input is one byte that chooses the parser, then the bytes to parse. The mutator mends the checksums of most of what
// it makes: without that, nothing would ever get past them.
import CPlatform

@_silgen_name("LLVMFuzzerMutate")
private func libFuzzerMutate(_ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ maximum: Int) -> Int

/// The parsers, by the first byte of an input.
private enum Subject: UInt8, CaseIterable {
    case frame, segmentHeader, index, start, token

    init(_ byte: UInt8) {
        self = Self.allCases[Int(byte) % Self.allCases.count]
    }

    /// Parses the bytes, and takes apart what was accepted.
    ///
    /// - Returns: what the parser accepted, written again; nil where it refused.
    func parse(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        switch self {
        case .frame:
            guard let frame = try? Frame(header: bytes), (try? frame.checkPayload(bytes)) != nil,
                let events = try? frame.events(bytes)
            else { return nil }
            return frame.encode(events.map(Array.init)[...])
        case .segmentHeader: return (try? SegmentHeader(bytes))?.encode()
        case .index:
            guard let index = try? SegmentIndex(bytes) else { return nil }
            for entry in index.entries { precondition(index.entry(for: entry.offset)!.offset == entry.offset) }
            return index.encode()
        case .start: return (try? TopicStart(bytes))?.encode()
        case .token: return PositionToken([UInt8](bytes))?.encode()
        }
    }

    /// Makes the checksums right, where the bytes are long enough to have some.
    func mend(_ bytes: UnsafeMutableRawBufferPointer) {
        switch self {
        case .frame:
            guard bytes.count >= Frame.headerLength else { return }
            let length = Int(UnsafeRawBufferPointer(bytes).number(at: 4) as UInt32)
            if length >= Frame.headerLength, length <= bytes.count {
                let payload = UnsafeRawBufferPointer(bytes).part(Frame.headerLength..<length)
                bytes.put(stampede_crc32c(0, payload.baseAddress, payload.count), at: 12)
            }
            UnsafeMutableRawBufferPointer(rebasing: bytes[..<Frame.headerLength]).putChecksum(at: 8)
        case .segmentHeader:
            guard bytes.count >= SegmentHeader.length else { return }
            UnsafeMutableRawBufferPointer(rebasing: bytes[..<SegmentHeader.length]).putChecksum(at: 12)
        case .index, .start:
            guard bytes.count >= 16 else { return }
            bytes.putChecksum(at: 12)
        case .token: break
        }
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    guard let data, size > 0 else { return 0 }
    let bytes = UnsafeRawBufferPointer(start: data + 1, count: size - 1)
    // At another alignment too: frames lie in buffers at any multiple of eight, tokens anywhere.
    if let written = Subject(data[0]).parse(bytes) {
        precondition(bytes.starts(with: written), "what was accepted is written back otherwise")
    }
    return 0
}

@_cdecl("LLVMFuzzerCustomMutator")
public func customMutator(
    _ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ maximum: Int, _ seed: UInt32
) -> Int {
    let newSize = libFuzzerMutate(data, size, maximum)
    // One in eight keeps its broken checksums.
    if newSize > 1, seed % 8 != 0 {
        Subject(data[0]).mend(UnsafeMutableRawBufferPointer(start: data + 1, count: newSize - 1))
    }
    return newSize
}
