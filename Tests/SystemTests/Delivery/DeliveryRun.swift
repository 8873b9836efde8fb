import Contracts
import FileEventLog
import Foundation

/// One cell of the delivery table: a service in trouble, twenty orders on the real programs, and what is to be said
/// against the outcome.
///
/// Each column has a file of its own.
struct DeliveryRun: Sendable {
    static let orders = 20
    /// Every product runs low with its first sale, so that Analytics has something to say amid the orders.
    private static let environment = ["STAMPEDE_ANALYTICS_LOW_STOCK": "8", "STAMPEDE_LOG_SEGMENT_BYTES": "1048576"]

    let service: ServiceName
    let directory: String
    let run: SupervisedRun

    /// - Parameters:
    ///   - directory: the run's own, empty.
    ///   - binaries: other programs than the real ones.
    init(_ service: ServiceName, in directory: String, binaries: String? = nil) throws {
        self.service = service
        self.directory = directory
        run = try SupervisedRun(data: directory + "/data", binaries: binaries ?? Project.binaries)
    }

    /// Runs `body` while everything is up, some services with test faults.
    /// - Returns: its objections, and that something is left behind.
    func whileUp(
        faults: [ServiceName: String] = [:], _ body: () async throws -> [String]
    ) async throws -> [String] {
        for (service, text) in faults { try write(text, for: service) }
        defer { FreePorts.giveBack(run.portBase) }
        var objections: [String] = []
        let options = faults.keys.flatMap { ["--test-faults", "\($0.rawValue)=\(faultsFile(of: $0))"] }
        try await run.whileUp(options: options, environment: Self.environment) { objections += try await body() }
        let left = run.processes
        return objections + objection(unless: left.isEmpty, "left behind: \(left)")
    }

    /// What the service fails by from its next start on.
    func write(_ faults: String, for service: ServiceName) throws {
        try faults.write(toFile: faultsFile(of: service), atomically: true, encoding: .utf8)
    }

    private func faultsFile(of service: ServiceName) -> String { "\(directory)/\(service.rawValue)-faults.json" }

    func restart() async throws {
        let restart = try await run.supervisor("restart", service.rawValue)
        guard restart.status == 0 else { throw TookTooLong(description: "restart: \(restart.errors)") }
    }

    /// Places all orders and waits until each has its outcome.
    /// - Returns: what the audit has against the run then; nothing where it is VALID.
    func sell() async throws -> [String] {
        let load = try Load(run)
        try await load.seed()
        try await load.place(0..<Self.orders)
        try await load.waitUntilSettled()
        return try await audit()
    }

    func audit() async throws -> [String] {
        let audit = try await run.auditWhenQuiet()
        return objection(unless: audit.status == 0, "audit: \(audit.output)\(audit.errors)")
    }

    /// What lies on the service's desk.
    func openLetters() async throws -> [[String: Any]] {
        let list = try await CLI.json("dlq", "list", "--letters", "--service", service.rawValue, data: run.data)
        guard let letters = list["letters"] as? [[String: Any]] else {
            throw TookTooLong(description: "dlq list: \(list)")
        }
        return letters
    }

    /// Events of a topic, those that can be read.
    func events(of topic: Topic) throws -> [Envelope] {
        try FileEventLog(ofRun: run.data).events(of: topic).compactMap { try? EventCoding.decode($0) }
    }

    func objection(unless holds: Bool, _ text: @autoclosure () -> String) -> [String] { holds ? [] : [text()] }
}
