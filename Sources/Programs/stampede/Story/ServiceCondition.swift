import Contracts
import Foundation

/// What keeps a service from going on, or what would, as far as files and the service itself tell.
struct ServiceCondition {
    let service: ServiceName
    let isRunning: Bool
    /// `is not running (stopped), its last sign of life 3 min ago`
    let absence: String
    let pause: ConsumerPause?
    /// Nil where it does not run, or does not answer.
    let live: LiveStatus?
    /// `runs (pid 7), but gives no answer`; nil where it answers, or was not asked.
    let silence: String?
    /// Whether the gateway's process lives.
    let gatewayRuns: Bool

    var program: String { Program.of(service).name }

    init(_ service: ServiceName, _ pause: ConsumerPause?, _ run: RunDirectory, now: Timestamp) {
        self.service = service
        let program = Program.of(service)
        let process = run.process(program)
        isRunning = run.isRunning(program, process)
        absence = Self.absence(program, run.state(program, process), run.data, now)
        self.pause = pause
        let place = isRunning ? try? run.adminPlace(of: service) : nil
        live = place.flatMap { LiveStatus.ask(service, at: $0) }
        silence = place == nil || live != nil ? nil : process?.silence
        gatewayRuns = run.isRunning(.gateway, run.process(.gateway))
    }

    private static func absence(_ program: Program, _ state: String, _ data: DataDirectory, _ now: Timestamp) -> String
    {
        let words = "is not running" + (state == "stopped" ? "" : " (\(state))")
        let database = program.database(data)
        let signs = [database, database + "-wal"].compactMap { path -> Date? in
            // A file that is not there is no sign.
            (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
        }
        guard let last = signs.max() else { return words }
        let age = Double(now.microseconds) / 1e6 - last.timeIntervalSince1970
        return words + ", its last sign of life \(Words.age(seconds: age)) ago"
    }

    /// Why its consumer reads nothing; nil where it should.
    var obstacle: WaitingReason? {
        if let pause {
            let more = isRunning ? "" : "; \(program) \(absence)"
            return WaitingReason(
                .paused, "its consumer is \(pause.text)\(more)", type: "stampede resume \(service.rawValue)")
        }
        if !isRunning { return WaitingReason(.down, "\(program) \(absence)", type: start) }
        if let silence {
            return WaitingReason(
                .silent, "\(program) \(silence)", type: "Scripts/supervisor restart \(service.rawValue)")
        }
        let standing = (live?.standing ?? []).map { "\($0.part) stands: \($0.reason)" }
        return standing.isEmpty
            ? nil : WaitingReason(.standing, "\(program) runs, but its " + standing.joined(separator: "; its "))
    }

    var start: String { "Scripts/supervisor start \(service.rawValue)" }
}
