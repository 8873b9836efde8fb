import Foundation
import GRDB
import Testing
import TestSupport

/// The same idempotency key from a thousand connections, all of which are let go at once.
@Suite("One key from a thousand connections", .serialized, .timeLimit(.minutes(5)))
struct EqualCheckoutsTests {
    private static let connections = 1000

    private static func order(quantity: Int) -> String {
        """
        {"customerId":"c-1","email":"ann@example.test","currency":"GBP","cardToken":"tok_visa",\
        "lines":[{"productId":"P-1","quantity":\(quantity)}]}
        """
    }

    private struct Answer: Hashable {
        let status: Int
        /// Without the fields that tell when it was sent.
        let head: [String]
        let body: String
    }

    /// Each body over a connection of its own: all but the last byte of every request is there before any is whole.
    private static func send(_ bodies: [String], key: String, port: Int) async throws -> [Answer] {
        try await offPool {
            let clients = try bodies.map { body in
                let client = try SlowClient(port: port)
                let request =
                    "POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: \(key)\r\nConnection: close\r\n"
                    + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                try client.send(String(request.dropLast()))
                return client
            }
            for client in clients { try client.send("}") }
            return try clients.map { client in
                let parts = try client.receiveAll().components(separatedBy: "\r\n\r\n")
                let head = parts[0].components(separatedBy: "\r\n")
                return Answer(
                    status: head[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0,
                    head: head.filter { !$0.lowercased().hasPrefix("date:") }, body: parts.dropFirst().joined())
            }
        }
    }

    @Test(
        "equal ones are one order and one charge, and all hear the same; others under that key hear 422, and only those"
    )
    func equalCheckouts() async throws {
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data")
            try await run.whileUp {
                try await run.stock()
                let equal = try await Self.send(
                    Array(repeating: Self.order(quantity: 1), count: Self.connections), key: "equal", port: run.portBase
                )
                #expect(equal.count == Self.connections && Set(equal).count == 1)
                #expect(equal.first?.status == 202)

                // One in ten wants two pieces. Which of the two bodies is first is anybody's guess; the other is refused.
                let quantities = (0..<Self.connections).map { $0 % 10 == 3 ? 2 : 1 }
                let mixed = try await Self.send(
                    quantities.map(Self.order(quantity:)), key: "mixed", port: run.portBase)
                let accepted = Set(zip(quantities, mixed).filter { $0.1.status == 202 }.map(\.0))
                #expect(accepted.count == 1)
                for (quantity, answer) in zip(quantities, mixed) {
                    #expect(answer.status == (accepted.contains(quantity) ? 202 : 422))
                    #expect(answer.body.contains("idempotency-key-reused") == !accepted.contains(quantity))
                }
                #expect(Set(mixed.filter { $0.status == 202 }).count == 1)

                let audit = try await run.auditWhenQuiet()
                #expect(audit.status == 0, "\(audit.output)")
                #expect(try Self.count("orders", in: run.data + "/db/order/order.db") == 2)
                #expect(
                    try Self.count(
                        "ledger WHERE kind = 'capture'", in: run.data + "/db/payment-gateway/payment-gateway.db") == 2)
            }
        }
    }

    private static func count(_ rows: String, in database: String) throws -> Int {
        var configuration = Configuration()
        configuration.readonly = true
        return try DatabaseQueue(path: database, configuration: configuration).read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM \(rows)") ?? 0
        }
    }
}
