import Contracts
import FileEventLog
import Foundation
import LogFormat
import ProcessIO

/// Chain heads in a text file: a line a topic, with its name, the offset behind the last event and the last frame's hash,
/// between tabs.
struct ChainHeads {
    let heads: [Topic: ChainHead]

    init(_ findings: [LogVerifier.Finding]) {
        heads = Dictionary(
            uniqueKeysWithValues: findings.map { ($0.topic, ChainHead(nextOffset: $0.nextOffset, hash: $0.head)) })
    }

    /// - Throws: `Failure.unreadable`, `.noHead`.
    init(contentsOf path: String) throws {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw Failure.unreadable(file: path, reason: "there is no such text file")
        }
        var heads: [Topic: ChainHead] = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.isEmpty { continue }
            func fault(_ reason: String) -> Failure { .noHead(file: path, line: index + 1, reason: reason) }
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count == 3, !fields[0].isEmpty else { throw fault("it needs topic, offset and hash") }
            guard let offset = UInt64(fields[1]) else { throw fault("'\(fields[1])' is no offset") }
            guard let hash = Self.hash(fields[2]) else { throw fault("the hash must have 64 hexadecimal digits") }
            guard heads.updateValue(ChainHead(nextOffset: offset, hash: hash), forKey: Topic(String(fields[0]))) == nil
            else { throw fault("topic \(fields[0]) stands there twice") }
        }
        guard !heads.isEmpty else { throw Failure.noHead(file: path, line: 1, reason: "the file is empty") }
        self.heads = heads
    }

    /// - Throws: `OutputError`.
    func write(to path: String) throws {
        let lines = heads.sorted { $0.key.name < $1.key.name }.map { topic, head in
            "\(topic.name)\t\(head.nextOffset)\t\(head.hash)\n"
        }
        try OutputFile(path).write(Array(lines.joined().utf8))
    }

    private static func hash(_ text: Substring) -> Hash? {
        let digits = Array(text.utf8)
        guard digits.count == 2 * Hash.length, text.allSatisfy(\.isHexDigit) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return Hash(bytes: bytes)
    }
}
