import Contracts
import EventLog
import FileEventLog
import Foundation
import Glibc

/// `recover`: how long opening a topic for writing takes after its writer was killed in the middle of an append, with
/// the topic's files dropped from the page cache.
enum Recover {
    private static let batch = 256
    /// From a full topic to the kill, so that it falls anywhere in an append.
    private static let killAfterNanoseconds: ClosedRange<UInt64> = 1_000_000...30_000_000
    /// A writer that is not killed ends by itself here, in times of what it was asked for.
    private static let excess = 2

    static func run(_ invocation: Invocation) throws {
        let log = BenchmarkLog(invocation.directory)
        let process = try WorkerProcess(
            .recoverWriter, directory: invocation.directory, options: ["--mebibytes", "\(invocation.mebibytes)"])
        _ = try process.line()
        Clock.sleep(until: Clock.now + UInt64.random(in: killAfterNanoseconds))
        process.crash()
        try dropFromCache(log.folder(of: .recover))
        let meter = Meter()
        let writer = try log.log.openWriter(of: .recover)
        let report = Report(scenario: "g.recover")
        report.line("seconds", Double(meter.nanoseconds) / 1e9)
        report.line("MiB", Double(writer.lastSequence) * Double(NumberedEvent.bytes) / Double(1 << 20))
        writer.close()
    }

    /// The writer: says "full" once the topic has its size, and goes on.
    static func write(_ invocation: Invocation) throws {
        let writer = try BenchmarkLog(invocation.directory).openNew(.recover)
        let full = (UInt64(invocation.mebibytes) << 20) / UInt64(NumberedEvent.bytes)
        try writer.append(numbers: 0..<full, batch: batch)
        Conversation.say("full")
        try writer.append(numbers: full..<full * UInt64(excess), batch: batch)
    }

    /// Only pages that are on disk can be dropped, so they are synced first.
    private static func dropFromCache(_ folder: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let descriptor = open(folder + "/" + name, O_RDONLY)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            fsync(descriptor)
            posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        }
    }
}
