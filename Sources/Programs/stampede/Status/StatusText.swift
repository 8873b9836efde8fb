import Contracts
import EventLog

/// The status for a terminal: processes, what they have yet to read, their desks, the log.
struct StatusText {
    let report: StatusReport

    func lines(width: Int, style: Style) -> [String] {
        let tables = [processes, reading, desks, breakers, attention, topics, report.storage.table]
        return tables.filter { !$0.rows.isEmpty }.map { $0.lines(width: width, style: style) }.joined(separator: [""])
            .map(\.self)
    }

    private var processes: Table {
        var table = Table([
            .init(title: "PROCESS"), .init(title: "STATE"), .init(title: "PID", alignment: .right),
            .init(title: "UPTIME", alignment: .right), .init(title: "CPU", alignment: .right),
            .init(title: "RSS", alignment: .right), .init(title: "PORTS", isFlexible: true),
        ])
        for service in report.services {
            let ports = service.ports.map { "\($0.role) \($0.port)" }
            table.add(row(service.program.name, service.state, service.process, ports.first))
            for port in ports.dropFirst() {
                table.add(Array(repeating: "", count: table.columns.count - 1) + [.init(port)])
            }
        }
        table.add(row("supervisor", report.supervisor == nil ? "stopped" : "running", report.supervisor, nil))
        return table
    }

    private func row(_ name: String, _ state: String, _ process: LiveProcess?, _ port: String?)
        -> [Table.Cell]
    {
        let paint: Style.Paint =
            switch state {
            case "running": .good
            case "died", "failed": .bad
            case "stopped": .faint
            default: .warning
            }
        return [
            .init(name), .init(state, paint), .init(process.map { String($0.pid) } ?? "-"),
            .init(
                process.map { Words.age(seconds: $0.uptimeSeconds) }
                    ?? "-"),
            .init(process.map { Words.seconds($0.cpuSeconds) } ?? "-"),
            .init(process.map { Words.bytes($0.residentBytes) } ?? "-"),
            .init(port ?? "-"),
        ]
    }

    private var reading: Table {
        var table = Table([
            .init(title: "CONSUMER"), .init(title: "TOPIC", isFlexible: true),
            .init(title: "POSITION", alignment: .right),
            .init(title: "END", alignment: .right), .init(title: "BEHIND", alignment: .right),
            .init(title: "FOR", alignment: .right),
        ])
        for service in report.services {
            for lag in service.delivery?.consumes ?? [] {
                let isBehind = (lag.behind ?? 0) > 0
                table.add([
                    .init(service.program.name), .init(lag.topic.name), .init(Words.count(lag.position.nextOffset)),
                    .init(lag.end.map { Words.count($0) } ?? "?"),
                    .init(lag.behind.map { Words.count($0) } ?? "?", isBehind ? .warning : nil),
                    .init(isBehind ? lag.secondsBehind.map { Words.duration(seconds: $0) } ?? "?" : "-"),
                ])
            }
        }
        return table
    }

    private var desks: Table {
        var table = Table([
            .init(title: "DESK"), .init(title: "OUTBOX", alignment: .right), .init(title: "FOR", alignment: .right),
            .init(title: "PARKED", alignment: .right),
            .init(title: "DEAD LETTERS", alignment: .right), .init(title: "OLDEST", alignment: .right),
            .init(title: "OPEN CALLS", alignment: .right),
        ])
        for service in report.services {
            guard let desk = service.delivery else { continue }
            table.add([
                .init(service.program.name), .init(Words.count(desk.unpublished)),
                .init(desk.oldestUnpublished.map { Words.age(seconds: report.age($0)) } ?? "-"),
                .init(Words.count(desk.parked), desk.parked > 0 ? .warning : nil),
                .init(Words.count(desk.deadLetters), desk.deadLetters > 0 ? .bad : nil),
                .init(desk.oldestDeadLetter.map { Words.age(seconds: report.age($0)) } ?? "-"),
                .init(Words.count(desk.openCalls)),
            ])
        }
        return table
    }

    /// Of the services that run and answer.
    private var breakers: Table {
        var table = Table([
            .init(title: "BREAKER"), .init(title: "STATE"), .init(title: "FOR", alignment: .right),
            .init(title: "TO", isFlexible: true),
        ])
        for service in report.services {
            guard let breaker = service.live?.breaker, let state = breaker["state"]?.text else { continue }
            let since = breaker["since"]?.text.flatMap { Timestamp($0) }
            table.add([
                .init(service.program.name), .init(state, state == "closed" ? .good : .warning),
                .init(since.map { Words.age(seconds: report.age($0)) } ?? "-"), .init(breaker["name"]?.text ?? "-"),
            ])
        }
        return table
    }

    /// What keeps a service from its work, and is meant to be seen: nothing on a usual day.
    private var attention: Table {
        var table = Table([
            .init(title: "ATTENTION"), .init(title: "FOR", alignment: .right), .init(title: "WHAT", isFlexible: true),
        ])
        func add(_ service: StatusReport.Service, since: Timestamp? = nil, _ what: String) {
            table.add([
                .init(service.program.name), .init(since.map { Words.age(seconds: report.age($0)) } ?? "-"),
                .init(what, .warning),
            ])
        }
        for service in report.services {
            if let pause = service.delivery?.paused { add(service, since: pause.since, pause.text) }
            if let silence = service.silence { add(service, silence) }
            guard let live = service.live else { continue }
            for part in live.standing { add(service, "\(part.part) stands: \(part.reason)") }
            if let state = live.breaker["state"]?.text, state != "closed" {
                let reason = live.breaker["reason"]?.text.map { ": \($0)" } ?? ""
                add(
                    service, since: live.breaker["since"]?.text.flatMap { Timestamp($0) },
                    "breaker \(state)\(reason)")
            }
            if live.testFaults { add(service, "runs with --test-faults until the supervisor goes down and up without") }
        }
        return table
    }

    private var topics: Table {
        var table = Table([.init(title: "LOG TOPIC", isFlexible: true), .init(title: "END", alignment: .right)])
        for (topic, end) in report.topics {
            table.add([.init(topic.name), .init(end.map { Words.count($0) } ?? "?")])
        }
        return table
    }
}
