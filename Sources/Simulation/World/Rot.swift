import Contracts
import EventLog
import FileEventLog

/// One bit of a sealed segment that turned on the medium.
struct Rot: CustomStringConvertible {
    let topic: Topic
    let path: String
    let byte: Int
    let bit: Int

    /// A bit of what was written in a segment that is followed by another; nil while there is none.
    static func choose(on disk: SimulatedDisk, _ random: inout SeededRandom) -> Rot? {
        let segments = disk.files().filter { $0.path.hasPrefix("/log/") && $0.path.hasSuffix(".segment") }
        let sealed = zip(segments, segments.dropFirst()).filter { segment, next in
            Path.parent(of: segment.path) == Path.parent(of: next.path)
        }.map(\.0)
        guard !sealed.isEmpty else { return nil }
        let (path, image) = sealed[random.below(sealed.count)]
        let written = image.countWithoutZeros
        let topic = Path.parent(of: path).split(separator: "/").last.map(String.init) ?? ""
        return Rot(topic: Topic(topic), path: path, byte: random.below(max(1, written)), bit: random.below(8))
    }

    func flip(on disk: SimulatedDisk) {
        disk.inode(path)?.flip(bit: bit, ofByte: byte)
    }

    /// Whether an error speaks of this file, or of what follows from it.
    func isNamed(by error: LogError) -> Bool {
        guard case .corrupt(let topic, let file, _, _) = error else { return false }
        return topic == self.topic && Path.parent(of: file) == Path.parent(of: path)
    }

    var description: String { "bit \(bit) of byte \(byte) of \(path)" }
}
