import Contracts
import Crypto
import EventLog
import FileEventLog

/// `batch N`: one producer, appends of N events, each waited for.
enum Batches {
    private static let maximumAppends = 3000

    static func run(_ invocation: Invocation, size: Int) throws {
        let events = max(size, invocation.events ?? min(size * maximumAppends, Append.defaultEvents))
        let appends = events / size
        let writer = try BenchmarkLog(invocation.directory).openNew(.batch(size))
        defer { writer.close() }
        var took: [Int64] = []
        took.reserveCapacity(appends)
        let meter = Meter()
        for index in 0..<UInt64(appends) {
            let first = index * UInt64(size)
            let begin = Clock.now
            try writer.append(NumberedEvent.make(first..<first + UInt64(size)), firstSequence: first + 1)
            took.append(Int64(Clock.now - begin))
        }
        let report = Report(scenario: "e.batch.\(size)")
        report.rate(events: appends * size, since: meter)
        report.percentiles(of: took)
    }
}

/// `hash N`: what SHA-256 costs over frames of N events, the share of an append or a read that the hash chain takes.
enum HashCost {
    private static let frameHeader = 96
    private static let eventPrefix = 4
    private static let bytesInAll = 256 << 20

    static func run(size: Int) {
        let frame = NumberedEvent.make(0..<UInt64(size)).flatMap { Array(repeating: 0, count: eventPrefix) + $0 }
        var bytes = [UInt8](repeating: 0, count: frameHeader) + frame
        bytes.append(contentsOf: repeatElement(0, count: (8 - bytes.count % 8) % 8))
        let frames = max(1, bytesInAll / bytes.count)
        let meter = Meter()
        for _ in 0..<frames {
            let digest = bytes.withUnsafeBytes { bytes in
                var hash = SHA256()
                hash.update(bufferPointer: bytes)
                return Array(hash.finalize())
            }
            // As in the chain: the next frame holds this one's hash.
            bytes.replaceSubrange(64..<96, with: digest)
        }
        let nanoseconds = Double(meter.nanoseconds)
        let report = Report(scenario: "i.hash.\(size)")
        report.line("frames/s", Double(frames) * 1e9 / nanoseconds)
        report.line("us/event", nanoseconds / 1e3 / Double(frames * size))
    }
}
