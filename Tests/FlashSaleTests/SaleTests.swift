import Contracts
import EventLog
import FileEventLog
import Foundation
import Subprocess
import Synchronization
import Testing
import TestSupport

@testable import flash_sale

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// Whole sales with real worker processes, against a shop that writes a real log.
@Suite("A whole sale", .serialized)
struct SaleTests {
    /// Appends the outcomes that a real shop would.
    private final class Ledger: Sendable {
        private let state: Mutex<(writer: any TopicWriter, next: UInt64)>

        init(data: String) throws {
            let log = FileEventLog(
                directory: data + "/log", now: { StartInstant.calendarNow },
                randomBytes: { count in (0..<count).map { _ in UInt8.random(in: 0...255) } })
            state = Mutex((try log.openWriter(of: .orders), 1))
        }

        func write(_ payload: some EventPayload, of order: OrderID) throws {
            let now = StartInstant.calendarNow
            try state.withLock { state in
                let event = Envelope(
                    id: .version7(at: now, randomBits: (state.next, state.next)), source: "/stampede/order",
                    type: type(of: payload).type, subject: order.description, time: now,
                    correlationID: order.rebound(), data: try payload.encoded())
                try state.writer.append([try EventCoding.encode(event)], firstSequence: state.next)
                state.next += 1
            }
        }

        func confirm(_ order: OrderID, total: Int64 = 1) throws {
            try write(
                V1.OrderConfirmed(
                    customerID: "c", email: "c@example.test", lines: [], total: Money(amount: total, currency: "GBP")),
                of: order)
        }

        func cancel(_ order: OrderID, _ reason: CancellationReason) throws {
            try write(
                V1.OrderCancelled(
                    reason: reason, customerID: "c", email: "c@example.test", lines: [],
                    total: Money(amount: 1, currency: "GBP")), of: order)
        }
    }

    private static let operatorToken = String(repeating: "7a", count: 32)

    /// As the services make it.
    private static func writeOperatorToken(in data: String) throws {
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        let path = data + "/operator.token"
        try Data((operatorToken + "\n").utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }

    private static func auditor(_ directory: String, exitCode: Int) throws -> String {
        let verdict = [0: "VALID", 3: "INVALID", 4: "UNKNOWN"][exitCode] ?? "?"
        let path = directory + "/stampede"
        let script = """
            #!/bin/sh
            test "$1 $2 $3" = "audit --json --data" || exit 2
            echo '{"verdict":"\(verdict)","invariants":[{"id":1,"title":"Nothing lost","holds":true}]}'
            exit \(exitCode)
            """
        try Data(script.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }

    private static func coordinator(
        _ plan: SalePlan, shop: FakeShop, directory: String, workers: Int = 2, auditExitCode: Int = 0,
        drainTimeout: Duration = .seconds(20)
    ) throws -> Coordinator {
        var settings = try ServiceSettings(environment: [:])
        settings.checkoutPort = shop.port
        settings.adminPorts = Dictionary(uniqueKeysWithValues: ServiceName.allCases.map { ($0, shop.port) })
        try writeOperatorToken(in: directory + "/data")
        return Coordinator(
            plan: plan, stock: .units(1_000), manners: .init(), data: directory + "/data", workers: workers,
            drainTimeout: drainTimeout, settings: settings, executable: Siblings.path(of: "flash-sale"),
            auditor: try auditor(directory, exitCode: auditExitCode))
    }

    @Test(
        "two worker processes, mixed outcomes: all is counted and the audit's word is the verdict",
        .timeLimit(.minutes(5)))
    func wholeSale() async throws {
        try await withTemporaryDirectory { directory in
            let ledger = try Ledger(data: directory + "/data")
            // Another run's order: no business of this one.
            try ledger.confirm(OrderID(high: 1 << 60, low: 1))
            try await FakeShop.open(reply: { shop, request in
                guard request.method == "POST", let key = request.key else { return .answer(200) }
                let number = Int(key.suffix(8)) ?? 0
                if number % 10 == 9 { return .answer(400, body: "{\"title\":\"Bad basket\"}") }
                if request.repetition == 0, number % 10 == 8 { return .answer(503, headers: [("Retry-After", "0")]) }
                let order = shop.order(for: key)
                do {
                    if number % 2 == 0 { try ledger.confirm(order) } else { try ledger.cancel(order, .soldOut) }
                } catch {
                    return .hangUp
                }
                return shop.receipt(for: key, total: WorkerTests.total(request))
            }) { shop in
                let plan = WorkerTests.plan(shoppers: 1_000)
                let report = try await Self.coordinator(plan, shop: shop, directory: directory).run()
                #expect(report.offered == 1_000)
                #expect(report.accepted == 900)
                #expect(report.refused == ["400 Bad basket": 100])
                #expect(report.unavailable == 100)
                #expect(report.outcomes["confirmed"] == 500)
                #expect(report.outcomes["soldOut"] == 400)
                #expect(report.outcomes["pending"] == 0)
                #expect(report.latencyMilliseconds.accept.max > 0)
                #expect(report.latencyMilliseconds.settle.max > 0)
                #expect(report.peakConnections > 0)
                #expect(report.generator.processes == 3)
                #expect(report.generator.cpuSeconds > 0)
                #expect(report.verdict == .valid, "\(report.remarks)")
                #expect(ReportText(report).text.contains("VERDICT    VALID"))
                // Shelves first, through the admin ports.
                let seeding = shop.requests.prefix(2)
                #expect(seeding.map(\.path) == ["/admin/products", "/admin/stock"])
                #expect(seeding.allSatisfy { $0.method == "PUT" })
                #expect(seeding.allSatisfy { $0.authorization == "Bearer \(Self.operatorToken)" }, "as the operator")
                let decoded = try JSONDecoder().decode(Report.self, from: try report.encoded())
                #expect(decoded == report)
            }
        }
    }

    @Test("an order without outcome is pending, and the verdict is then not VALID", .timeLimit(.minutes(5)))
    func pending() async throws {
        try await withTemporaryDirectory { directory in
            let ledger = try Ledger(data: directory + "/data")
            try await FakeShop.open(reply: { shop, request in
                guard request.method == "POST", let key = request.key else { return .answer(200) }
                if !key.hasSuffix("00000003") {
                    do { try ledger.confirm(shop.order(for: key)) } catch { return .hangUp }
                }
                return shop.receipt(for: key, total: WorkerTests.total(request))
            }) { shop in
                let report = try await Self.coordinator(
                    WorkerTests.plan(shoppers: 20), shop: shop, directory: directory, workers: 1,
                    drainTimeout: .milliseconds(500)
                ).run()
                #expect(report.outcomes["pending"] == 1)
                #expect(report.outcomes["confirmed"] == 19)
                #expect(report.verdict == .unknown)
            }
        }
    }

    @Test("the audit's INVALID is the verdict, whatever the generator saw", .timeLimit(.minutes(5)))
    func invalid() async throws {
        try await withTemporaryDirectory { directory in
            let ledger = try Ledger(data: directory + "/data")
            try await FakeShop.open(reply: { shop, request in
                guard request.method == "POST", let key = request.key else { return .answer(200) }
                do { try ledger.confirm(shop.order(for: key)) } catch { return .hangUp }
                return shop.receipt(for: key, total: WorkerTests.total(request))
            }) { shop in
                let report = try await Self.coordinator(
                    WorkerTests.plan(shoppers: 20), shop: shop, directory: directory, workers: 1, auditExitCode: 3
                ).run()
                #expect(report.verdict == .invalid)
                #expect(report.verdict.exitCode == 3)
            }
        }
    }

    @Test("no worker outlives a coordinator that is killed with -9", .timeLimit(.minutes(5)))
    func noOrphans() async throws {
        try await withTemporaryDirectory { directory in
            try await FakeShop.open(reply: { _, request in request.method == "PUT" ? .answer(200) : .silence }) {
                shop in
                let port = String(shop.port)
                let marker = directory + "/data"
                try Self.writeOperatorToken(in: marker)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        _ = try await Subprocess.run(
                            .path(.init(Siblings.path(of: "flash-sale"))),
                            arguments: [
                                "run", "--shoppers", "50", "--workers", "2", "--arrival", "100ms", "--data", marker,
                            ],
                            environment: .inherit.updating([
                                "STAMPEDE_CHECKOUT_PORT": port, "STAMPEDE_ORDER_ADMIN_PORT": port,
                                "STAMPEDE_INVENTORY_ADMIN_PORT": port,
                            ]), input: .none, output: .discarded, error: .discarded
                        ) { execution in
                            // Every shopper stands in the shop: both workers are at work.
                            try await until { shop.requests.filter { $0.method == "POST" }.count == 50 }
                            #expect(Self.workers(of: marker) == 2)
                            kill(execution.processIdentifier.value, SIGKILL)
                        }
                    }
                    try await group.waitForAll()
                }
                // Long before their shoppers' patience would end them.
                let deadline = ContinuousClock.now + .seconds(20)
                try await until { Self.workers(of: marker) == 0 || ContinuousClock.now > deadline }
                #expect(Self.workers(of: marker) == 0)
            }
        }
    }

    /// Processes that hold a journal of this data directory open.
    private static func workers(of data: String) -> Int {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.filter { pid in
            let files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? []
            return files.contains { file in
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(file)"))?
                    .hasPrefix(data + "/sale/acknowledged-") == true
            }
        }.count
    }
}

/// Waits for a condition; the test's time limit bounds it.
func until(_ condition: () throws -> Bool) async throws {
    while try !condition() { try await Task.sleep(for: .milliseconds(10)) }
}
