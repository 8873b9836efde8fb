import Contracts
import EventLog
import LogFormat

/// How far a topic is on disk, in a page that readers map: `commit` in the topic's folder.
///
/// Layout, little-endian: 0 magic "STAMPCOM", 8 u32 version (1), 12 u32 wake word (changes with every append),
/// 16 u64 offset after the last synced event, 24 u32 epoch of the writer, 28 u32 zero, 32 16-byte topic id.
///
/// The offset is stored only after `fdatasync` returned, so whatever value survives a crash is a true lower bound.
struct CommitPage: Sendable {
    static let length = 4096
    static let magic: [UInt8] = Array("STAMPCOM".utf8)
    static let version: UInt32 = 1
    static let wakeOffset = 12
    static let committedOffset = 16
    static let epochOffset = 24

    let page: any SharedPage
    let topicID: [UInt8]

    var wakeWord: UInt32 { page.load32(at: Self.wakeOffset) }
    var committed: UInt64 { page.load64(at: Self.committedOffset) }
    var epoch: UInt32 { page.load32(at: Self.epochOffset) }

    func publish(committed: UInt64) {
        page.store64(committed, at: Self.committedOffset)
        page.wake(at: Self.wakeOffset)
    }

    func publish(epoch: UInt32, committed: UInt64) {
        page.store32(epoch, at: Self.epochOffset)
        publish(committed: committed)
    }

    static func initialBytes(topicID: [UInt8], committed: UInt64) -> [UInt8] {
        var bytes = magic
        bytes.append(littleEndian: version)
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: committed)
        bytes.append(littleEndian: UInt64(0))
        bytes.append(contentsOf: topicID)
        bytes.append(contentsOf: repeatElement(0, count: length - bytes.count))
        return bytes
    }

    /// - Throws: `LogError.corrupt` for a file that is no commit page.
    init(_ files: TopicFiles, _ disk: any Disk, _ access: FileAccess) throws {
        do {
            page = try disk.map(files.commitPage, access)
        } catch {
            throw error.asLogError(files.topic)
        }
        func fault(_ byte: UInt64, _ reason: String) -> LogError {
            .corrupt(topic: files.topic, file: files.commitPage, byte: byte, reason: reason)
        }
        let page = page
        func bytes(_ range: Range<Int>) -> [UInt8] {
            stride(from: range.lowerBound, to: range.upperBound, by: 8).flatMap { offset in
                withUnsafeBytes(of: page.load64(at: offset), Array.init)
            }
        }
        guard bytes(0..<8) == Self.magic else { throw fault(0, "not a commit page") }
        guard page.load32(at: 8) == Self.version else { throw fault(8, "version \(page.load32(at: 8)) is not known") }
        guard page.load32(at: 28) == 0 else { throw fault(28, "a reserved field is not zero") }
        for offset in stride(from: 48, to: Self.length, by: 8) where page.load64(at: offset) != 0 {
            throw fault(UInt64(offset), "a reserved field is not zero")
        }
        topicID = bytes(32..<48)
    }
}

extension DiskError {
    func asLogError(_ topic: Topic) -> LogError {
        .unreadable(topic: topic, file: path, operation: operation, errno: errno)
    }
}
