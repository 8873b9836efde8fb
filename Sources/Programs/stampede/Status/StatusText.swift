import Contracts
import EventLog

/// The status for a terminal: what is wrong, then processes and their delivery, on one screen; with `isWhole` also what
/// each of them has yet to read, ports, breakers, log and storage.
struct StatusText {
    let report: StatusReport
    let isWhole: Bool

    /// What is to be typed next, at most; the table above says for what.
    private static let shownCommands = 2

    func lines(width: Int, style: Style) -> [String] {
        let attention = Attention(report)
        let first =
            attention.rows.isEmpty
            ? [style.paint("Nothing wants attention.", .good)]
            : attention.table.lines(width: width, style: style)
                + attention.commands.prefix(Self.shownCommands).map {
                    "Type: " + style.paint(TerminalText.safe($0), .strong)
                }
        let last =
            isWhole
            ? [details, reading, breakers, topics, report.storage.table].filter { !$0.rows.isEmpty }
                .map { $0.lines(width: width, style: style) }
            : [[lastLine(width, style)]]
        return Array(([first, processes.lines(width: width, style: style)] + last).joined(separator: [""]))
    }

    /// What is cut is the storage, never the command.
    private func lastLine(_ width: Int, _ style: Style) -> String {
        let more = "; more: stampede status --all"
        return style.fitted(report.storage.summary, to: max(1, width - more.count)) + more
    }

    /// A line per process: whether it lives, how far it is behind on all its topics together, and what waits in it.
    private var processes: Table {
        var table = Table([
            .init(title: "PROCESS"), .init(title: "STATE"), .init(title: "UPTIME", alignment: .right),
            .init(title: "BEHIND", alignment: .right), .init(title: "FOR", alignment: .right),
            .init(title: "OUTBOX", alignment: .right), .init(title: "PARKED", alignment: .right),
            .init(title: "DEAD LETTERS", stacked: ["DEAD", "LETTERS"], alignment: .right),
            .init(title: "OPEN CALLS", stacked: ["OPEN", "CALLS"], alignment: .right),
        ])
        for service in report.services {
            let waiting = service.delivery.map(delivery) ?? Array(repeating: "-", count: 6)
            table.add(life(service.program.name, service.state, service.process) + waiting)
        }
        let supervisor = life("supervisor", report.supervisor == nil ? "stopped" : "running", report.supervisor)
        table.add(supervisor + Array(repeating: "-", count: 6))
        return table
    }

    private func life(_ name: String, _ state: String, _ process: LiveProcess?) -> [Table.Cell] {
        let paint: Style.Paint =
            switch state {
            case "running": .good
            case "died", "failed": .bad
            case "stopped": .faint
            default: .warning
            }
        return [
            .init(name), .init(state, paint), .init(process.map { Words.age(seconds: $0.uptimeSeconds) } ?? "-"),
        ]
    }

    private func delivery(_ delivery: DeliveryStatus) -> [Table.Cell] {
        let behind = delivery.consumes.map(\.behind)
        let events = behind.reduce(UInt64(0)) { $0.addingReportingOverflow($1 ?? 0).partialValue }
        let seconds = delivery.consumes.compactMap(\.secondsBehind).filter { $0 > 0 }.max()
        return [
            .init(behind.contains(nil) ? "?" : Words.count(events), events > 0 ? .warning : nil),
            .init(seconds.map { Words.age(seconds: $0) } ?? "-"), .init(Words.count(delivery.unpublished)),
            .init(Words.count(delivery.parked), delivery.parked > 0 ? .warning : nil),
            .init(Words.count(delivery.deadLetters), delivery.deadLetters > 0 ? .bad : nil),
            .init(Words.count(delivery.openCalls)),
        ]
    }

    /// What the system knows of the processes.
    private var details: Table {
        var table = Table([
            .init(title: "PROCESS"), .init(title: "PID", alignment: .right),
            .init(title: "RESTARTS", alignment: .right),
            .init(title: "CPU", alignment: .right), .init(title: "RSS", alignment: .right), .init(title: "PORTS"),
        ])
        for service in report.services {
            let ports = service.ports.map { "\($0.role) \($0.port)" }.joined(separator: ", ")
            table.add(detailRow(service.program.name, service.process, service.restarts, ports.isEmpty ? "-" : ports))
        }
        table.add(detailRow("supervisor", report.supervisor, nil, "-"))
        return table
    }

    private func detailRow(_ name: String, _ process: LiveProcess?, _ restarts: Int?, _ ports: String) -> [Table.Cell] {
        [
            .init(name), .init(process.map { String($0.pid) } ?? "-"),
            .init(restarts.map(String.init) ?? "-", (restarts ?? 0) > 0 ? .warning : nil),
            .init(process.map { Words.seconds($0.cpuSeconds) } ?? "-"),
            .init(process.map { Words.bytes($0.residentBytes) } ?? "-"), .init(ports),
        ]
    }

    private var reading: Table {
        var table = Table([
            .init(title: "CONSUMER"), .init(title: "TOPIC"), .init(title: "POSITION", alignment: .right),
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

    private var topics: Table {
        var table = Table([.init(title: "LOG TOPIC"), .init(title: "END", alignment: .right)])
        for (topic, end) in report.topics {
            table.add([.init(topic.name), .init(end.map { Words.count($0) } ?? "?")])
        }
        return table
    }
}
