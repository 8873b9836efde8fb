import Contracts
import Foundation
import TestSupport

/// The generator's journals: what shoppers were promised.
struct EvidenceJournal {
    private let paths: [String]

    /// Nil where nobody kept one.
    init?(directory: String) {
        let folder = directory + "/sale"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []  // no sale was held
        paths = names.filter { $0.hasSuffix(".jsonl") }.sorted().map { folder + "/" + $0 }
        guard !paths.isEmpty else { return nil }
    }

    func change(_ random: inout SeededRandom) throws -> Change? {
        let path = paths[random.below(paths.count)]
        let text = try String(contentsOfFile: path, encoding: .utf8)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
        guard !lines.isEmpty else { return nil }
        let number = random.below(lines.count)
        guard let line = JSONValue.parse(lines[number].utf8),
            let other = JSONValue.parse(lines[random.below(lines.count)].utf8)
        else { return nil }
        let leaves = line.leafPaths
        let leaf = leaves[random.below(leaves.count)]
        guard let changed = line.replacing(at: leaf, other.value(at: leaf), &random), changed != line else {
            return nil
        }
        lines[number] = try changed.line()
        try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        return Change(.journalLine, "journal \(leaf.map(\.name).joined(separator: "."))", "line \(number + 1)")
    }
}
