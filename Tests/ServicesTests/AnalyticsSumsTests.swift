import Contracts
import Delivery
import Foundation
import GRDB
import Testing

@testable import AnalyticsService

/// Sums that leave 64 bits: SQLite would turn them into real numbers in silence.
@Suite("Analytics: sums")
struct AnalyticsSumsTests {
    @Test("an event whose sum leaves 64 bits lies at the desk, and the figures stay whole numbers that can be shown")
    func overflow() throws {
        let harness = try ServiceHarness(AnalyticsService.card())
        for (amount, quantity) in [(Int64.max - 5, Int64(1)), (6, 1), (5, 1), (1, Int64.max)] {
            let lines = [OrderLine(productID: "P-1", quantity: quantity, unitPrice: 1)]
            try harness.emit(
                V1.OrderConfirmed(
                    customerID: "c", email: "c@example.test", lines: lines,
                    total: Money(amount: amount, currency: "GBP")), order: harness.newOrderID(), on: .orders)
        }
        try harness.emit(
            V1.OrderCancelled(
                reason: .refunded, customerID: "c", email: "c@example.test",
                lines: [OrderLine(productID: "P-1", quantity: .min, unitPrice: 1)],
                total: Money(amount: .min, currency: "GBP")), order: harness.newOrderID(), on: .orders)
        try harness.emit(
            V1.StockAdjusted(delta: .min, reason: .adjustment, adjustmentKey: "k"), subject: "P-1", on: .inventory)
        for _ in 0..<10 {
            try harness.runUntilIdle()
            harness.clock.advance(by: .seconds(60))
        }
        let (revenue, dead, figures, counts) = try harness.node.database.read { db in
            (
                try String.fetchAll(db, sql: "SELECT typeof(amount) || ' ' || amount FROM revenue"),
                try Int.fetchOne(db, sql: "SELECT count(*) FROM dead_letters WHERE state = 'open'"),
                try DashboardFigures(AnalyticsService.card(), db), try DashboardFigures.Counts(db)
            )
        }
        #expect(revenue == ["integer \(Int64.max)"])
        #expect(dead == 4)
        #expect(figures.figures.revenue == ["GBP": .max])
        #expect(figures.figures.products.map(\.sold) == [2])
        #expect(counts.settled == 2)
    }

    @Test("figures that were damaged are an error that names the cell, not the end of the process")
    func damaged() throws {
        for (sql, cell) in [
            ("INSERT INTO event_counts VALUES ('v1.OrderCreated', 9223372036854775807)", "event_counts.events"),
            ("INSERT INTO event_counts VALUES ('v1.OrderConfirmed', -9223372036854775808)", "event_counts.events"),
            ("INSERT INTO cancellations VALUES ('refunded', -1)", "cancellations.orders"),
            ("INSERT INTO minutes VALUES (9223372036854775807, 1, 1, 1)", "minutes.minute"),
            ("INSERT INTO latency VALUES (-9223372036854775808, 9223372036854775807)", "latency.orders"),
        ] {
            let harness = try ServiceHarness(AnalyticsService.card())
            try harness.node.database.transaction { try $0.execute(sql: sql) }
            let error = #expect(throws: DatabaseError.self, "\(sql)") {
                try harness.node.database.read { try DashboardFigures(AnalyticsService.card(), $0) }
            }
            #expect(error?.message?.contains(cell) == true, "\(error?.message ?? "")")
        }
    }
}
