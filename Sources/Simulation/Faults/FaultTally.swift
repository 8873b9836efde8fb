/// How often each kind of fault happened, which is less often than it was planned.
package struct FaultTally: Equatable, Sendable {
    package private(set) var counts: [FaultKind: Int] = [:]

    package init() {}

    package mutating func fired(_ kind: FaultKind, times: Int = 1) {
        guard times > 0 else { return }
        counts[kind, default: 0] += times
    }

    package static func += (left: inout FaultTally, right: FaultTally) {
        for (kind, count) in right.counts { left.counts[kind, default: 0] += count }
    }

    package subscript(_ kind: FaultKind) -> Int { counts[kind] ?? 0 }

    package var neverFired: [FaultKind] { FaultKind.allCases.filter { self[$0] == 0 } }

    package var total: Int { counts.values.reduce(0, +) }
}
