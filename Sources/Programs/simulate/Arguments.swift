import ArgumentParser
import CommandArguments
import Foundation
import Simulation

/// `A..B`, both included.
struct SeedRange: Sendable {
    let range: ClosedRange<UInt64>

    private static let most: UInt64 = 1_000_000_000
    private static let ends: ClosedRange<UInt64> = 0...1_000_000_000_000_000_000
    static let bounds = "\(NumberText.described(ends)), of which 1 to 1,000,000,000 at a time"

    init(range: ClosedRange<UInt64>) {
        self.range = range
    }

    static func read(_ text: String) throws -> SeedRange {
        let parts = text.components(separatedBy: "..").map { NumberText.whole($0, within: ends) }
        guard parts.count == 2, let first = parts[0], let last = parts[1], first <= last, last - first < most else {
            throw ValidationError("it takes FIRST..LAST, from \(bounds).")
        }
        return SeedRange(range: first...last)
    }
}

extension PlantedMistake: ExpressibleByArgument {}

/// Kinds of faults by their names.
struct FaultKinds: ExpressibleByArgument {
    let kinds: Set<FaultKind>

    init(kinds: Set<FaultKind>) {
        self.kinds = kinds
    }

    init?(argument: String) {
        if argument == "none" {
            kinds = []
            return
        }
        var kinds: Set<FaultKind> = []
        for name in argument.split(separator: ",") {
            guard let kind = FaultKind(rawValue: String(name)), kind.isPlanned else { return nil }
            kinds.insert(kind)
        }
        self.kinds = kinds
    }

    var isAll: Bool { kinds.isSuperset(of: FaultKind.allCases.filter(\.isPlanned)) }

    var text: String {
        kinds.isEmpty
            ? "none"
            : FaultKind.allCases.filter { kinds.contains($0) && $0.isPlanned }
                .map(\.rawValue).joined(separator: ",")
    }

    var defaultValueDescription: String { "all" }

    static var allValueStrings: [String] { FaultKind.allCases.filter(\.isPlanned).map(\.rawValue) }
}
