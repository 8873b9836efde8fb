import Contracts
import Foundation
import Testing
import TestSupport

/// Each service in each trouble of the delivery patterns, on the real programs, twenty orders at a time.
///
/// *Why every cell*: what is left out, or wired wrongly, in one service shows in that service alone.
///
/// The time limit covers the wait for a lane, too.
@Suite("The delivery table", .tags(.chaos), .timeLimit(.minutes(10)))
struct DeliveryTableTests {
    /// Runs side by side: a run waits half of its time, for programs to start and for disks.
    private static let lanes = Lanes(3)

    /// All five with `STAMPEDE_DELIVERY_TABLE=full`, as `Scripts/test --all` sets it; else one, another in each column.
    static func services(_ column: Int) -> [ServiceName] {
        let all = ServiceName.allCases
        let isFull = ProcessInfo.processInfo.environment["STAMPEDE_DELIVERY_TABLE"] == "full"
        return isFull ? all : [all[column % all.count]]
    }

    @Test(
        "delivered twice, every event has its effect once, and the second delivery is counted",
        arguments: DeliveryTableTests.services(0))
    func duplicate(service: ServiceName) async throws {
        try await judge(service) { try await DeliveryRun(service, in: $0).withDuplicates() }
    }

    @Test(
        "poison lies in the service's table and on its dead-letter topic, other orders flow, a retry brings the outcome",
        arguments: DeliveryTableTests.services(1))
    func poison(service: ServiceName) async throws {
        try await judge(service) { try await DeliveryRun(service, in: $0).withPoison() }
    }

    @Test(
        "an error that passes costs its event two retries, and buries nothing",
        arguments: DeliveryTableTests.services(2))
    func transient(service: ServiceName) async throws {
        try await judge(service) { try await DeliveryRun(service, in: $0).withPassingFault() }
    }

    @Test(
        "killed between commit and append, the service brings its events into the log once",
        .enabled(if: FaultLibrary.compiler != nil, "no C compiler"), arguments: DeliveryTableTests.services(3))
    func killedBeforeAppend(service: ServiceName) async throws {
        try await judge(service) {
            try await KilledRelay(service, .betweenCommitAndAppend, in: $0).objections()
        }
    }

    @Test(
        "killed between append and mark, the service appends nothing twice",
        .enabled(if: FaultLibrary.compiler != nil, "no C compiler"), arguments: DeliveryTableTests.services(4))
    func killedBeforeMark(service: ServiceName) async throws {
        try await judge(service) {
            try await KilledRelay(service, .betweenAppendAndMark, in: $0).objections()
        }
    }

    /// Runs one cell; what is said against it is recorded, and its data directory kept.
    private func judge(_ service: ServiceName, _ cell: (String) async throws -> [String]) async throws {
        try await Self.lanes.run {
            try await withTemporaryDirectory { parent in
                let directory = parent + "/\(service.rawValue)"
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
                let objections: [String]
                do {
                    objections = try await cell(directory)
                } catch {
                    objections = ["\(error)"]
                }
                guard !objections.isEmpty else { return }
                Issue.record(
                    """
                    \(service.program):
                      \(objections.joined(separator: "\n  "))
                      data directory, logs included: \(try keep(directory))/data
                    """)
            }
        }
    }
}
