import Foundation
import TestSupport

/// Which faults a sweep tries, as `STAMPEDE_SWEEP` says:
///
/// - unset: a sample, one fault a service;
/// - `25+10`: of each kind N = 1 to 25, the service under fault changing with N, and ten random N, services and stages,
///   every second of them counted on the log alone, which makes fewer calls than the database;
/// - `full`: of each kind and service, from the first start on, every N until a run passes unhurt; `full:write-KILL`,
///   `full:payment:restart:log` and so on narrow it down;
/// - `KIND:N:SERVICE:STAGE` or `KIND:N:SERVICE:STAGE:PLACE`: this one; several are separated by commas.
///
/// `STAMPEDE_SWEEP_SEED` decides the random ones; it is printed.
struct SweepPlan: Sendable {
    enum Extent: Sendable {
        case these([DiskFault])
        case some(first: Int, random: Int)
        case full(services: [String], stages: [DiskFault.Stage], place: FaultPage.Place?)
    }

    let extent: Extent
    let kinds: [DiskFault.Kind]
    let seed: UInt64

    static let current = SweepPlan(ProcessInfo.processInfo.environment)

    /// One a service, and as different as five can be.
    private static let sample = [
        "fdatasync-EIO:1:order:ready", "write-ENOSPC:16:payment:load", "roll-ENOSPC:2:inventory:load",
        "write-KILL:23:notification:load", "mmap-KILL:5:analytics:restart",
    ]

    init(_ environment: [String: String]) {
        seed = environment["STAMPEDE_SWEEP_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1 << 32)
        let text = environment["STAMPEDE_SWEEP"] ?? Self.sample.joined(separator: ",")
        let words = text.split(separator: ":").map(String.init)
        let counts = text.split(separator: "+").compactMap { Int($0) }
        if words.first == "full" {
            func chosen<Value>(_ all: [Value], _ name: (Value) -> String) -> [Value] {
                let named = all.filter { words.contains(name($0)) }
                return named.isEmpty ? all : named
            }
            kinds = chosen(DiskFault.Kind.allCases, \.rawValue)
            let stages = DiskFault.Stage.allCases.filter { words.contains($0.rawValue) }
            extent = .full(
                services: chosen(DiskFault.services) { $0 }, stages: stages.isEmpty ? [.start] : stages,
                place: FaultPage.Place.allCases.first { words.contains($0.rawValue) })
        } else if counts.count == 2 {
            kinds = DiskFault.Kind.allCases
            extent = .some(first: counts[0], random: counts[1])
        } else {
            let faults = text.split(separator: ",").map { word in
                guard let fault = DiskFault(word) else { preconditionFailure("STAMPEDE_SWEEP: what is '\(word)'?") }
                return fault
            }
            kinds = DiskFault.Kind.allCases.filter { kind in faults.contains { $0.kind == kind } }
            extent = .these(faults)
        }
    }

    /// Longest that one kind may take.
    var minutes: Int {
        switch extent {
        case .these: 5
        case .some: 10
        case .full: 240
        }
    }

    /// The faults of a kind, in their order; nil where the runs themselves say when it is enough.
    func faults(_ kind: DiskFault.Kind, _ rehearsal: Rehearsal) -> [DiskFault]? {
        switch extent {
        case .these(let faults): faults.filter { $0.kind == kind }
        case .full: nil
        case .some(let first, let random):
            drawn(kind, random, rehearsal, besides: first > 0 ? (1...first).map { inTurn(kind, $0) } : [])
        }
    }

    /// Files are mapped when a service starts and not later.
    private func inTurn(_ kind: DiskFault.Kind, _ number: Int) -> DiskFault {
        let shift = DiskFault.Kind.allCases.firstIndex(of: kind) ?? 0
        let service = DiskFault.services[(number + shift) % DiskFault.services.count]
        return DiskFault(kind, number, service, kind == .killedAtMap ? .restart : .load)
    }

    /// `faults`, and `count` more from anywhere in what the service did when nothing was broken. One that is there already is
    /// drawn again; where a service makes few such calls there may be no other, and then it is run twice.
    private func drawn(
        _ kind: DiskFault.Kind, _ count: Int, _ rehearsal: Rehearsal, besides faults: [DiskFault]
    ) -> [DiskFault] {
        var random = SeededRandom(seed: seed &+ UInt64(DiskFault.Kind.allCases.firstIndex(of: kind) ?? 0))
        return (0..<count).reduce(into: faults) { faults, index in
            var fault = drawn(kind, index, rehearsal, &random)
            for _ in 0..<10 where faults.contains(fault) {
                fault = drawn(kind, index, rehearsal, &random)
            }
            faults.append(fault)
        }
    }

    private func drawn(
        _ kind: DiskFault.Kind, _ index: Int, _ rehearsal: Rehearsal, _ random: inout SeededRandom
    ) -> DiskFault {
        let service = DiskFault.services[random.below(DiskFault.services.count)]
        let stage = DiskFault.Stage.allCases[index % DiskFault.Stage.allCases.count]
        let place: FaultPage.Place? = index % 2 == 0 ? .log : nil
        let calls = rehearsal.calls(kind, service, stage, place)
        return DiskFault(kind, 1 + random.below(max(1, calls)), service, stage, in: place)
    }
}
