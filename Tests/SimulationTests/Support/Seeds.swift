import Foundation
import Simulation
import Testing

@testable import simulate

extension Tag {
    @Tag static var simulation: Self
}

/// Runs on a thread of its own: a world takes the one it is started on for seconds.
func offPool<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread { continuation.resume(with: Result { try body() }) }
        thread.stackSize = 8 << 20
        thread.start()
    }
}

/// Runs a seed and has it judged by the audit.
func run(
    _ seed: UInt64, orders: Int = 12, span: Duration = .seconds(20), kinds: Set<FaultKind> = Set(FaultKind.allCases),
    plan: FaultPlan? = nil, judge: any Judge = AuditJudge()
) async throws -> SimulationReport {
    try await offPool {
        var options = WorldOptions(seed: seed, span: span, kinds: kinds)
        options.orders = orders
        if let plan { options.plan = plan }
        return try runOnThisThread(options, judge: judge)
    }
}

func runOnThisThread(_ options: WorldOptions, judge: any Judge = AuditJudge()) throws -> SimulationReport {
    var template = Array((NSTemporaryDirectory() + "/stampede-simulation-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    let scratch = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { try? FileManager.default.removeItem(atPath: scratch) }  // what stays lies in the temporary directory
    return try Simulation(judge: judge, scratch: scratch).run(options)
}
