import Contracts
import Testing

@testable import OrderService

/// The whole table of an order's steps, written down a second time.
@Suite("Order: steps")
struct OrderStepTests {
    struct State: CustomStringConvertible {
        let status: OrderStatus
        let reason: CancellationReason?
        /// stockRejected, paymentSucceeded, paymentFailed, paymentRefunded
        let steps: [OrderStep]

        var description: String { status.rawValue + (reason.map { " \($0.rawValue)" } ?? "") }
    }

    static let table = [
        State(status: .pending, reason: nil, steps: [.cancel, .confirm, .cancel, .illegal]),
        State(status: .confirmed, reason: nil, steps: [.illegal, .nothing, .illegal, .cancel]),
        State(status: .cancelled, reason: .soldOut, steps: [.nothing, .illegal, .illegal, .illegal]),
        State(status: .cancelled, reason: .paymentDeclined, steps: [.illegal, .illegal, .nothing, .illegal]),
        State(status: .cancelled, reason: .paymentExpired, steps: [.illegal, .illegal, .nothing, .illegal]),
        State(status: .cancelled, reason: .cancelledByCustomer, steps: [.illegal, .illegal, .nothing, .illegal]),
        State(status: .cancelled, reason: .abandoned, steps: [.illegal, .illegal, .nothing, .illegal]),
        State(status: .cancelled, reason: .refunded, steps: [.illegal, .nothing, .illegal, .nothing]),
    ]

    @Test("every status and reason takes the one step that the table names on every piece of news", arguments: table)
    func wholeTable(state: State) {
        let news: [OrderNews] = [.stockRejected, .paymentSucceeded, .paymentFailed, .paymentRefunded]
        #expect(news.count == OrderNews.allCases.count)
        for (news, expected) in zip(news, state.steps) {
            #expect(
                OrderStep.step(from: state.status, reason: state.reason, on: news) == expected, "\(state) on \(news)")
        }
    }

    @Test("the table names every status and every reason")
    func complete() {
        #expect(Set(Self.table.map(\.status)) == Set(OrderStatus.allCases))
        #expect(Set(Self.table.compactMap(\.reason)) == Set(CancellationReason.allCases))
    }

    @Test("each reason of a failed payment is a reason of its own for the order")
    func reasons() {
        #expect(
            PaymentFailureReason.allCases.map { CancellationReason($0) }
                == [.paymentDeclined, .paymentExpired, .cancelledByCustomer, .abandoned])
    }
}
