import Contracts
import Delivery
import EventLog
import Foundation
import Testing
import TestSupport

@testable import NotificationService
@testable import OrderService

/// One rule for the checkout, the description and the mailbox: whoever's order is taken can be told of it.
@Suite("Mail addresses")
struct MailAddressTests {
    private static func text(_ count: Int, _ letter: String = "a") -> String { String(repeating: letter, count: count) }

    static let accepted: [String] = [
        "a@b", "ann@example", "ann@example.test", "Ann.Lee@Example.Test", "ann.lee+sale@mail.example.co.uk",
        "ann.o'neil@example.test", "1@2.example", "1_2@3.example", "x--y@xn--bcher-kva.example", "a@b-c.d",
        "-ann-@example.test", "_@example.test", "!#$%&'*+-/=^?_`{|}~@example.test", "a=b@example.test",
        "a?=b@example.test", "=ann@example.test", "?@example.test", "a=.?b@example.test", "{ann}@example.test",
        "ann%example.test@relay.test", "ann%0d%0aBccx@example.test",
        "ann@1.2.3.a4", "ann@a1", "a.b.c.d.e.f@g.h.i.j", "\(text(64))@example.test", "ann@\(text(63, "b")).test",
        "ann@\(text(61, "b."))cc", "ann@\(text(124, "b."))cc", "\(text(31, "a."))ab@example.test",
        "From@example.test", "undisclosed-recipients@example.test",
    ]

    static let refused: [String] = [
        "", "@", "a", "ann", "ann@", "@example.test", "a@@b", "a@b@c", "ann..b@example.test", ".ann@example.test",
        "ann.@example.test", "\"a b\"@example.test", "\"ann\"@example.test", "ann@[127.0.0.1]", "ann@[IPv6:::1]",
        "ann@-x.test", "ann@x-.test", "ann@x_y.test", "\(text(65))@example.test", "ann@\(text(64, "b")).test",
        "ann@example.test.", "ann@.test", "ann@example..test", "ann,bob@example.test", "ann;bob@example.test",
        "ann@example.test,bob@example.test", "<ann@example.test>", "ann@example.test>", "<ann@example.test",
        "Ann <ann@example.test>", "ann(x)@example.test", "ann@example.test(x)", "ann\\@example.test",
        "ann:@example.test",
        "mailto:ann@example.test", "ann@exa%0ample.test", "=?utf-8?q?x?=@example.test", "a=?b@example.test",
        "=?@example.test", "ann @example.test", " ann@example.test", "ann@example.test ", "ann@exa mple.test",
        "ann\t@example.test", "ann@example.test\n", "ann@example.test\r\nBcc: eve@example.test",
        "ann\u{0}@example.test",
        "ann\u{7F}@example.test", "zoë@example.test", "ann@bücher.test", "ann@example.test\u{2028}",
        "ann\u{85}@example.test",
        "a@\u{301}b", "ann@example.123", "ann@127.0.0.1", "ann@1", "anna@\(text(124, "b."))cc",
        "\(text(250))@b.c", "ann@\(text(252, "b"))", "[ann]@example.test", "ann@example/test", "ann@exam!ple.test",
        "group:ann@example.test;",
    ]

    private static func order(_ address: String) -> CheckoutRequest {
        var order = OrderShop.request()
        order.email = address
        return order
    }

    @Test("what can be mailed is taken at the checkout, and the customer reads the same address", arguments: accepted)
    func isMailed(address: String) throws {
        #expect(MailAddress.fault(of: address) == nil)
        try OrderShop().checkout.validate(Self.order(address))
        let file = FaultyFile()
        let harness = try ServiceHarness(NotificationService.card())
        let runner = try MailRunner(node: harness.node, channel: MboxChannel(file: file))
        harness.parts = [{ try runner.turn() == .worked }]
        try harness.emit(Sample.confirmed(email: address), order: harness.newOrderID(), on: .orders)
        try harness.runUntilIdle()
        let message = try #require(try Mailbox(bytes: file.bytes).messages.first)
        #expect(message.address == address && message.addresses == 1, "\(message.to)")
        #expect(message.defects == [])
        #expect(try Self.pattern().matches(address))
    }

    @Test("what cannot be mailed is refused at the checkout, by name", arguments: refused)
    func isRefused(address: String) throws {
        let fault = try #require(MailAddress.fault(of: address))
        let refusal = #expect(throws: CheckoutRefusal.self) { try OrderShop().checkout.validate(Self.order(address)) }
        #expect(refusal?.field == "email" && refusal?.kind == .invalidField)
        #expect(refusal?.detail.hasPrefix(fault) == true && refusal?.detail.contains("eve@") == false)
        #expect(throws: EventFault.self) {
            try MailComposer().compose(
                Notice(
                    kind: .refund, order: OrderID(high: 1, low: 2), event: EventID(high: 3, low: 4), email: address,
                    lines: Sample.lines, total: Sample.total, decidedAt: Timestamp(microseconds: 0)))
        }
        // Beyond the pattern, the description gives the greatest length in all.
        #expect(try !Self.pattern().matches(address) || address.utf8.count > 254)
    }

    private struct Pattern {
        let expression: NSRegularExpression

        func matches(_ text: String) -> Bool {
            let whole = NSRange(location: 0, length: text.utf16.count)
            return expression.firstMatch(in: text, range: whole)?.range == whole
        }
    }

    /// Of the API's description, for `email`.
    private static func pattern() throws -> Pattern {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/reference/openapi.yaml").path
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let email = try #require(text.components(separatedBy: "\n        email:\n").last)
        let line = try #require(
            email.components(separatedBy: "\n").first { $0.hasPrefix("          pattern: '") }?.dropLast())
        let source = line.dropFirst("          pattern: '".count).replacingOccurrences(of: "''", with: "'")
        return Pattern(expression: try NSRegularExpression(pattern: source))
    }
}
