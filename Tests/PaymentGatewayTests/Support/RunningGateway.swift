import Access
import Foundation
import GRDB
import Logging
import ServiceLifecycle
import TestSupport

@testable import payment_gateway

/// The real server on a free loopback port of this process; what `work` does to it happens off the cooperative pool.
func withGateway<Value: Sendable>(
    in directory: TemporaryDirectory, faults: Faults = .none, seed: UInt64 = 1, maxConcurrentCalls: Int = 256,
    _ work: @escaping @Sendable (_ port: Int) throws -> Value
) async throws -> Value {
    var logger = Logger(label: "payment-gateway.test")
    logger.logLevel = .critical
    let server = try GatewayServer(
        configuration: GatewayConfiguration(
            dataDirectory: directory.path, port: 0, faults: faults, seed: seed, maxConcurrentCalls: maxConcurrentCalls),
        logger: logger)
    let (ports, listening) = AsyncStream<Int>.makeStream()
    let group = server.serviceGroup { listening.yield($0) }
    let running = Task { try await group.run() }
    var iterator = ports.makeAsyncIterator()
    guard let port = await iterator.next() else { throw CancellationError() }
    let result = await Task { try await blocking { try work(port) } }.result
    await group.triggerGracefulShutdown()
    try await running.value
    try server.close()
    return try result.get()
}

extension Faults {
    /// Answers at once and always.
    static let none = Faults(
        delayMilliseconds: 0, jitterMilliseconds: 0, errorRate: 0, lostAnswerRate: 0, declineRate: 0, down: false)
}

/// The operator's token, as a service of the shop makes it.
func operatorToken(in directory: TemporaryDirectory) throws -> String {
    _ = try OperatorToken.load(dataDirectory: directory.path)
    return try OperatorToken.text(dataDirectory: directory.path) ?? ""
}

/// Rows of the ledger of a stopped gateway.
func ledgerEntries(in directory: TemporaryDirectory) throws -> [String] {
    let database = try LedgerDatabase.open(path: directory.path + "/db/payment-gateway/payment-gateway.db")
    defer { try? database.close() }  // read only: nothing to lose
    return try database.writeWithoutTransaction {
        try String.fetchAll($0, sql: "SELECT kind || ' ' || key || ' ' || amount FROM ledger ORDER BY entry")
    }
}
