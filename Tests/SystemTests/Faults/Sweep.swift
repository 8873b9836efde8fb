import Foundation

/// The runs of one kind of fault: which come next, and what came of them.
actor Sweep {
    /// A service from a stage on: where one N passed unhurt, a greater one would, too.
    private struct Track: Hashable {
        let service: String
        let stage: DiskFault.Stage

        let place: FaultPage.Place?

        init(_ fault: DiskFault) {
            self.init(fault.service, fault.stage, fault.place)
        }

        init(_ service: String, _ stage: DiskFault.Stage, _ place: FaultPage.Place?) {
            self.service = service
            self.stage = stage
            self.place = place
        }
    }

    private let kind: DiskFault.Kind
    private var faults: ArraySlice<DiskFault>?
    /// In a full sweep: the next N of each track.
    private var tracks: [(track: Track, next: Int)] = []
    private var turn = 0
    private var unhurt: [Track: Int] = [:]
    private(set) var reports: [FaultyRun.Report] = []
    private var beyond = 0

    init(_ kind: DiskFault.Kind, _ plan: SweepPlan, _ rehearsal: Rehearsal) {
        self.kind = kind
        faults = plan.faults(kind, rehearsal).map { $0[...] }
        if case .full(let services, let stages, let place) = plan.extent {
            tracks = stages.flatMap { stage in services.map { (Track($0, stage, place), 1) } }
        }
    }

    func next() -> DiskFault? {
        while let fault = faults?.popFirst() {
            if let end = unhurt[Track(fault)], fault.number >= end {
                beyond += 1
                continue
            }
            return fault
        }
        for _ in tracks.indices {
            turn += 1
            let index = turn % tracks.count
            let (track, number) = tracks[index]
            if unhurt[track] != nil { continue }
            tracks[index].next += 1
            return DiskFault(kind, number, track.service, track.stage, in: track.place)
        }
        return nil
    }

    func add(_ report: FaultyRun.Report) {
        reports.append(report)
        if report.fired == nil, report.objections.isEmpty {
            unhurt[Track(report.fault)] = min(unhurt[Track(report.fault)] ?? .max, report.fault.number)
        }
    }

    var fired: Int { reports.count { $0.fired != nil } }

    /// `fdatasync-EIO  35 runs in 60.1 s: fired 33 (db 20, log 13), unhurt 2, beyond the last call 0; …`
    var summary: String {
        let firings = reports.compactMap(\.fired)
        let places = FaultPage.Place.allCases.map { place in
            "\(place) \(firings.count { $0.file.contains("/data/\(place)") })"
        }
        let outcomes = Dictionary(grouping: reports, by: \.outcome).map { "\($0.value.count) \($0.key)" }
        let seconds = reports.reduce(0) { $0 + $1.seconds }
        return """
            \(kind.rawValue): \(reports.count) runs, fired \(fired) (\(places.joined(separator: ", "))), \
            unhurt \(reports.count - fired), not run again beyond the last call \(beyond), \
            VALID \(reports.count { $0.objections.isEmpty }), not \(reports.count { !$0.objections.isEmpty }); \
            \(outcomes.sorted().joined(separator: ", ")); \
            \(String(format: "%.1f", seconds / Double(max(1, reports.count)))) s a run
            """
    }
}
