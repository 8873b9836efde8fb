import Audit
import Contracts
import Foundation
import Testing

@Suite
struct ScaleTests {
    /// `STAMPEDE_AUDIT_ORDERS=50000 swift test -c release --filter ScaleTests` is the measurement; a few orders otherwise.
    private static let orders = ProcessInfo.processInfo.environment["STAMPEDE_AUDIT_ORDERS"].flatMap(Int.init) ?? 400

    @Test("a large sale is audited in under 30 s", .timeLimit(.minutes(10)))
    func large() throws {
        let shop = try Shop(segmentBytes: Self.orders < 10_000 ? 1 << 16 : 16 << 20)
        defer { shop.remove() }
        let products = (1...100).map { "P-\(1000 + $0)" }
        for product in products { try shop.stock(product, Int64(Self.orders / 80)) }
        for order in 0..<Self.orders {
            let card = order % 20 == 7 ? "tok_chargeDeclined" : "tok_visa"
            let id = try shop.place([(products[order % 100], Int64(1 + order % 3 / 2))], card: card)
            if order % 50 == 9 { try shop.requestCancellation(id) }
        }
        try shop.rush()
        let report = try shop.audit()
        #expect(report.verdict == .valid, "\(report.words)")
        #expect(report.orders == Self.orders)
        #expect(report.seconds < 30)
        print("\(report.orders) orders, \(report.events) events audited in \(report.seconds) s")
    }
}
