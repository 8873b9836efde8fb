import Contracts

/// What is wrong with a run, or about to be, a row per process, the worst first: what an operator has to see before
/// anything else.
struct Attention {
    struct Row: Equatable {
        let program: String
        /// What does not work or is at a standstill, then what wants to be looked at.
        var facts: [String] = []
        var isBad = false

        mutating func add(_ fact: String?, isBad: Bool = false) {
            guard let fact else { return }
            facts.append(fact)
            self.isBad = self.isBad || isBad
        }
    }

    let rows: [Row]
    /// What to type, the most urgent first.
    let commands: [String]

    /// A consumer that is behind for longer than this wants to be looked at.
    private static let lateSeconds = 5.0

    init(_ report: StatusReport) {
        var rows: [Row] = []
        var commands: [String] = []
        let isDown = report.supervisor == nil && !report.services.contains(where: \.isRunning)
        if isDown {
            rows.append(Row(program: "all", facts: ["nothing runs"], isBad: true))
            commands.append("Scripts/supervisor up")
        } else if report.supervisor == nil {
            rows.append(Row(program: "supervisor", facts: ["not running: a service that dies is not started again"]))
        }
        if !isDown, let down = report.services.first(where: { !$0.isRunning }) {
            commands.append("Scripts/supervisor start \(down.program.service?.rawValue ?? "gateway")")
        }
        rows += report.services.map { Self.row($0, report, isDown: isDown) }.filter { !$0.facts.isEmpty }
        if report.storage.isNearlyFull {
            let free = Words.bytes(report.storage.freeBytes ?? 0)
            rows.append(Row(program: "disk", facts: ["nearly full: \(free) free"], isBad: true))
        }
        if report.services.contains(where: { ($0.delivery?.deadLetters ?? 0) > 0 }) {
            commands.append("stampede dlq list")
        }
        if let paused = report.services.first(where: { $0.delivery?.paused != nil })?.program.service {
            commands.append("stampede resume \(paused.rawValue)")
        }
        if report.services.contains(where: { !Self.late($0).isEmpty }) { commands.append("stampede lag") }
        self.rows = rows.filter(\.isBad) + rows.filter { !$0.isBad }
        self.commands = commands.map { $0 + report.data.option }
    }

    /// Short facts first: what is cut on a narrow terminal is the end of a reason.
    private static func row(_ service: StatusReport.Service, _ report: StatusReport, isDown: Bool) -> Row {
        func age(_ time: Timestamp?) -> String { time.map { " for \(Words.age(seconds: report.age($0)))" } ?? "" }
        var row = Row(program: service.program.name)
        if !service.isRunning {
            if !isDown || service.state != "stopped" { row.add(service.state, isBad: true) }
        } else if service.state != "running" {
            row.add(service.state)
        }
        if let delivery = service.delivery, delivery.deadLetters > 0 {
            row.add(Words.counted(delivery.deadLetters, "dead letter") + age(delivery.oldestDeadLetter), isBad: true)
        }
        if let restarts = service.restarts, restarts > 0 { row.add("restarted \(Words.counted(restarts, "time"))") }
        row.add(service.silence, isBad: true)
        for part in service.live?.standing ?? [] { row.add("\(part.part) blocked: \(part.reason)", isBad: true) }
        if let breaker = service.live?.breaker, let state = breaker["state"]?.text, state != "closed" {
            let reason = breaker["reason"]?.text.map { ": \($0)" } ?? ""
            row.add(
                "breaker \(state)\(age(breaker["since"]?.text.flatMap { Timestamp($0) }))\(reason)", isBad: true)
        }
        row.add(service.delivery?.paused.map { "paused\(age($0.since)) by \($0.actor): \($0.reason)" })
        let late = late(service)
        if !late.isEmpty {
            let events = late.reduce(UInt64(0)) { $0.addingReportingOverflow($1.behind ?? 0).partialValue }
            let seconds = late.compactMap(\.secondsBehind).max() ?? 0
            row.add("\(Words.counted(events, "event")) behind for \(Words.age(seconds: seconds))")
        }
        if let parked = service.delivery?.parked, parked > 0 { row.add("\(Words.counted(parked, "event")) parked") }
        if service.live?.testFaults == true {
            row.add("runs with --test-faults until the supervisor goes down and up without")
        }
        return row
    }

    private static func late(_ service: StatusReport.Service) -> [LagReading] {
        service.delivery?.consumes.filter { ($0.secondsBehind ?? 0) > lateSeconds } ?? []
    }

    var table: Table {
        var table = Table([.init(title: "ATTENTION"), .init(title: "WHAT", isFlexible: true)])
        for row in rows {
            table.add([.init(row.program), .init(row.facts.joined(separator: "; "), row.isBad ? .bad : .warning)])
        }
        return table
    }
}
