package import Contracts

/// One thing that is to go wrong in a run: taking it out of the plan leaves the others as they are.
package struct PlannedFault: Hashable, Sendable, CustomStringConvertible {
    package let number: Int
    package let kind: FaultKind
    /// Since the world began.
    package let at: Duration
    package let lasts: Duration
    package let service: ServiceName?
    /// How many calls or steps pass before it happens.
    package let count: Int
    /// For what it draws itself.
    let seed: UInt64

    package var description: String {
        var text = "#\(number) \(kind.rawValue)"
        if let service { text += " of \(service.rawValue)" }
        if kind.isForTheWholeRun { return text }
        text += " at \(Self.seconds(at)) s"
        if kind.hasDuration { text += " for \(Self.seconds(lasts)) s" }
        if count > 0 { text += ", after \(count) more" }
        return text
    }

    private static func seconds(_ duration: Duration) -> String {
        let milliseconds = duration.microseconds / 1000
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }
}

/// What is to go wrong in a run. A swarm: each seed takes a random subset of the kinds, some often, others not at all
/// (Groce et al., Swarm Testing, ISSTA 2012): a fault that comes in every run hides what only its absence shows.
package struct FaultPlan: Sendable {
    package let faults: [PlannedFault]

    package init(faults: [PlannedFault]) {
        self.faults = faults
    }

    /// - Parameter span: how long things go wrong.
    package init(seed: UInt64, kinds: Set<FaultKind> = Set(FaultKind.allCases), span: Duration) {
        var faults: [PlannedFault] = []
        for kind in FaultKind.allCases where kind.isPlanned {
            var random = SeededRandom(seed: seed, kind.rawValue)
            guard random.chance(0.4), kinds.contains(kind) else { continue }
            for _ in 0..<random.between(Self.instances(of: kind)) {
                faults.append(Self.draw(kind, number: faults.count + 1, span: span, &random))
            }
        }
        self.faults = faults
    }

    private static func instances(of kind: FaultKind) -> ClosedRange<Int> {
        switch kind {
        case .bitRot: 1...1
        case .clockForward, .clockBackward, .longDown, .machineCrash, .syncError: 1...2
        case .crashAtAwait, .crashAtWrite, .crashAtSync, .crashAtCommit: 1...4
        case .archive: 2...4
        default: 1...3
        }
    }

    private static func draw(_ kind: FaultKind, number: Int, span: Duration, _ random: inout SeededRandom)
        -> PlannedFault
    {
        let end = Int(span.microseconds / 1000)
        let service = ServiceName.allCases[random.below(ServiceName.allCases.count)]
        let count: Int =
            switch kind {
            case .crashAtRename: random.below(4)
            case .crashAtWrite, .machineCrash: random.below(60)
            case .crashAtSync, .crashAtCommit, .syncError: random.below(20)
            case .crashAtAwait: random.below(200)
            default: 0
            }
        return PlannedFault(
            number: number, kind: kind, at: kind.isForTheWholeRun ? .zero : random.milliseconds(0...end * 9 / 10),
            lasts: random.milliseconds(200...max(201, end / 4)), service: kind.isOfAService ? service : nil,
            count: count, seed: random.next())
    }
}
