import Contracts
import FileEventLog
import Foundation

/// Where the service dies while its events go from the outbox to the log.
enum RelayMoment: Sendable {
    case betweenCommitAndAppend
    case betweenAppendAndMark

    /// The first call on the service's topic does nothing, or is all that is done.
    fileprivate var fault: [String: String] {
        switch self {
        case .betweenCommitAndAppend: ["STAMPEDE_FAULT_CALL": "write", "STAMPEDE_FAULT_HOW": "before"]
        case .betweenAppendAndMark: ["STAMPEDE_FAULT_CALL": "fdatasync", "STAMPEDE_FAULT_HOW": "after"]
        }
    }

    fileprivate func isThat(of death: OutboxAtDeath) -> Bool {
        switch self {
        case .betweenCommitAndAppend: death.inLog == death.marked && death.made > death.inLog
        case .betweenAppendAndMark: death.inLog > death.marked && death.made >= death.inLog
        }
    }
}

/// A service that is killed (SIGKILL, by the library before it) at a call of its relay, and restarted by the supervisor.
struct KilledRelay: Sendable {
    /// Settled before the fault may come, so that it comes amid the orders.
    private static let ordersBefore = 8

    private let moment: RelayMoment
    private let cell: DeliveryRun
    private let page: FaultPage
    private let copy: String

    init(_ service: ServiceName, _ moment: RelayMoment, in directory: String) async throws {
        self.moment = moment
        page = try FaultPage(in: directory)
        copy = directory + "/at-death"
        let data = directory + "/data"
        let environment = page.environment.merging(moment.fault) { $1 }.merging([
            "STAMPEDE_FAULT_BELOW": "\(data)/log/\(service.topic)", "STAMPEDE_FAULT_EFFECT": "KILL",
            "STAMPEDE_FAULT_AT": "1",
        ]) { $1 }
        let binaries = try await FaultLibrary(in: directory).programs(
            in: directory, broken: [service.program: environment],
            beforehand: OutboxAtDeath.copying(service, data: data, to: copy, onceThereIs: page.path + ".fired"))
        cell = try DeliveryRun(service, in: directory, binaries: binaries)
    }

    func objections() async throws -> [String] {
        try await cell.whileUp {
            let load = try Load(cell.run)
            try await load.seed()
            try await load.place(0..<Self.ordersBefore)
            try await load.waitUntilSettled()
            try page.arm()
            try await load.place(Self.ordersBefore..<DeliveryRun.orders)
            try await load.waitUntilSettled()
            try await waitUntilBack()
            let objections = try await cell.audit()
            return try objections + evidence()
        }
    }

    private func waitUntilBack() async throws {
        try await waitUntil("\(cell.service.program) has died of its fault and is restarted") {
            try page.fired != nil && cell.run.states().contains { $0.name == cell.service.program && $0.restarts > 0 }
        }
        try await waitUntil("all services run") {
            try cell.run.states().allSatisfy { $0.state == "running" }
        }
    }

    /// The death came at the moment that was meant, and every event that stood in the outbox is in the log once.
    private func evidence() throws -> [String] {
        let topic = cell.service.topic
        let death = try OutboxAtDeath(cell.service, copy: copy)
        let events = try FileEventLog(ofRun: cell.run.data).events(of: topic)
        let ids = try events.map { try EventCoding.decode($0).id }
        let lost = death.rows.filter { sequence, event in
            !events.indices.contains(sequence - 1) || events[sequence - 1] != event
        }
        let restarts = try cell.run.states().filter { $0.restarts != ($0.name == cell.service.program ? 1 : 0) }
        return cell.objection(unless: moment.isThat(of: death), "it died at another moment: \(death)")
            + cell.objection(unless: !death.rows.isEmpty, "nothing was in the outbox when it died")
            + cell.objection(
                unless: lost.isEmpty, "not at its offset of \(topic): sequences \(lost.keys.sorted()) of the outbox")
            + cell.objection(
                unless: Set(ids).count == ids.count,
                "\(topic) holds \(ids.count) events, only \(Set(ids).count) different ones")
            + cell.objection(unless: restarts.isEmpty, "restarts: \(restarts)")
    }
}
