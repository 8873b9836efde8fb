import Contracts
import FileEventLog
import Foundation
import Testing
import TestSupport

/// The clock of all six programs is set in the middle of orders that wait for something.
@Suite("A clock that is set, on the real services", .tags(.chaos), .serialized, .timeLimit(.minutes(10)))
struct ClockTests {
    private static let everyOtherFails = """
        {"rules": [{"type": "v1.OrderCreated", "share": 0.5, "effect": "transient", "times": 2}]}
        """

    @Test(
        "an hour back or a day ahead, amid retries, an outage of the gateway and a crash: every order has its outcome, and no hold ends before its time",
        .enabled(if: FaultLibrary.compiler != nil, "no C compiler"), arguments: [-3600, 86_400])
    func settles(seconds: Int64) async throws {
        try await withTemporaryDirectory { directory in
            let library = try await FaultLibrary(in: directory)
            let page = try FaultPage(in: directory)
            let broken = Dictionary(uniqueKeysWithValues: SupervisedRun.services.map { ($0, page.environment) })
            let run = try SupervisedRun(
                data: directory + "/data", binaries: try library.programs(in: directory, broken: broken))
            let rules = directory + "/faults.json"
            try Self.everyOtherFails.write(toFile: rules, atomically: true, encoding: .utf8)
            try await run.whileUp("--test-faults", "inventory=\(rules)", environment: FaultyRun.environment) {
                let load = try Load(run)
                try await load.seed()
                try await load.place(0..<4)
                for (number, ahead) in [seconds, 0, seconds].enumerated() {
                    let orders = 4 + 8 * number
                    try await run.waitUntilAllRun()
                    kill(try run.pid("payment-gateway"), SIGKILL)
                    try await load.place(orders..<orders + 4)
                    try page.setClock(ahead: ahead)
                    if number == 2 { kill(try run.pid("payment-service"), SIGKILL) }
                    try await load.place(orders + 4..<orders + 8)
                }
                try await load.waitUntilSettled()
                let audit = try await run.auditWhenQuiet()
                #expect(audit.status == 0, "\(audit.output)\(audit.errors)")
                let failures = try FileEventLog(ofRun: run.data).events(of: .payments)
                    .map { try EventCoding.decode($0) }.filter { $0.type == V1.PaymentFailed.type }
                for failure in failures {
                    #expect(try V1.PaymentFailed.decoded(from: failure.data).reason != .expired, "\(failure.subject)")
                }
            }
        }
    }
}
