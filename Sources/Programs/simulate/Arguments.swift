import ArgumentParser
import Simulation

/// `A..B`, both included.
struct SeedRange: ExpressibleByArgument {
    let range: ClosedRange<UInt64>

    init(range: ClosedRange<UInt64>) {
        self.range = range
    }

    init?(argument: String) {
        let ends = argument.split(separator: ".", omittingEmptySubsequences: true).map { UInt64($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last, argument.contains("..") else {
            return nil
        }
        range = first...last
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
