import Audit
import Contracts
import Foundation
import GRDB
import Testing

/// Invariant 5: the operator is told of dead letters, as they are, and nobody else is.
@Suite(.timeLimit(.minutes(15)))
struct DoctoredAlertTests {
    /// A shop at rest in which Inventory and Notification gave up on something.
    private func shop() throws -> Shop {
        let shop = try Shop()
        _ = try shop.tellStory()
        for _ in 0..<2 { try shop.place([("P-0001", 1)]) }
        try shop.publish(.order)
        try shop.die(.inventory, on: V1.OrderCreated.type, topic: .orders)
        try shop.die(.inventory, on: V1.OrderCreated.type, topic: .orders)
        try shop.place([("P-0001", 1)])
        try shop.settleAll(without: [.notification])
        try shop.die(.notification, on: V1.OrderConfirmed.type, topic: .orders)
        try shop.settleAll()
        return shop
    }

    private func alerts(_ mailbox: ForgedMailbox) -> [Int] {
        mailbox.messages.indices.filter { mailbox.messages[$0].framed.contains("\nX-Stampede-Alert: 1\n") }
    }

    @Test("the operator is told of each group once, and that is VALID")
    func valid() throws {
        let shop = try shop()
        defer { shop.remove() }
        let report = try shop.audit()
        #expect(report.verdict == .valid, "\(report.words)")
        #expect(alerts(try ForgedMailbox(shop)).count == 2)
    }

    struct Doctoring: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (inout ForgedMailbox, Int) throws -> Void

        init(_ name: String, _ change: @escaping @Sendable (inout ForgedMailbox, Int) throws -> Void) {
            testDescription = name
            self.change = change
        }
    }

    static let doctorings = [
        Doctoring("gone") { $0.messages.remove(at: $1) },
        Doctoring("twice") { $0.messages.append($0.messages[$1]) },
        Doctoring("to somebody else") { try $0.messages[$1].set("To", "<eve@evil.test>") },
        Doctoring("to somebody else, too") { $0.messages[$1].insert(header: "Bcc: <eve@evil.test>") },
        Doctoring("of another service") {
            try $0.messages[$1].replace("inventory-service gave", "payment-service gave")
        },
        Doctoring("for another reason") { try $0.messages[$1].replace("    brokenRule: planted", "    brokenRule: x") },
        Doctoring("with another error") { try $0.messages[$1].replace("error     planted", "error     x") },
        Doctoring("with another subject") { try $0.messages[$1].replace("a dead letter,", "10 dead letters,") },
        Doctoring("with another command to type") {
            try $0.messages[$1].replace("stampede dlq retry --all", "rm -rf /")
        },
        Doctoring("as a customer's") {
            try $0.messages[$1].replace("X-Stampede-Alert: 1", "X-Stampede-Order: \(OrderID(high: 1, low: 2))")
        },
        Doctoring("of another letter") {
            try $0.messages[$1].set("Message-ID", "<\(EventID(high: 1, low: 2))@stampede.example>")
        },
        Doctoring("at another time") { try $0.messages[$1].set("Date", "Sun, 01 Mar 2026 12:00:00 +0000") },
        Doctoring("a second one, forged") { mailbox, index in
            var message = mailbox.messages[index]
            try message.set("Message-ID", "<\(EventID(high: 1, low: 2))@stampede.example>")
            mailbox.messages.append(message)
        },
    ]

    @Test("an alert that is not what the log says breaks 5", arguments: doctorings)
    func doctored(_ doctoring: Doctoring) throws {
        let shop = try shop()
        defer { shop.remove() }
        var mailbox = try ForgedMailbox(shop)
        let index = try #require(alerts(mailbox).first { mailbox.messages[$0].framed.contains("inventory-service") })
        try doctoring.change(&mailbox, index)
        try mailbox.write()
        let report = try shop.audit()
        #expect(report.broken == [5], "\(report.words)")
    }

    @Test(
        "a count or a call that does not fit the dead letters breaks 5",
        arguments: [
            "UPDATE alerts SET letters = letters + 1", "DELETE FROM alerts",
            "INSERT INTO alerts VALUES ('payment', 'v1.StockReserved', 'x', 1)", "UPDATE alerts SET signature = 'x'",
            "DELETE FROM intents WHERE kind = 'alert'", "UPDATE intents SET state = 'open' WHERE kind = 'alert'",
            "UPDATE intents SET request = CAST(replace(CAST(request AS TEXT), 'operator@', 'eve@') AS BLOB) "
                + "WHERE kind = 'alert'",
            "UPDATE intents SET request = CAST(replace(CAST(request AS TEXT), 'planted', 'other') AS BLOB) "
                + "WHERE kind = 'alert'",
            "UPDATE intents SET key = key || '0' WHERE kind = 'alert'",
            "INSERT INTO intents SELECT key || '0', kind, subject, cause, request, deadline, state, recorded_at FROM intents "
                + "WHERE kind = 'alert'",
        ])
    func records(sql: String) throws {
        let shop = try shop()
        defer { shop.remove() }
        try shop.edit(.notification, sql)
        let report = try shop.audit()
        #expect(report.broken == [5], "\(report.words)")
    }
}
