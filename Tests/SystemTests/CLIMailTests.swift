import Contracts
import Foundation
import Testing
import TestSupport

@Suite("stampede mail", .timeLimit(.minutes(5)))
struct CLIMailTests {
    @Test("an order's messages and no others, quoting undone, in the order of the file")
    func messages() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let (mine, other) = (CLIWorld.order(1), CLIWorld.order(2))
            try world.writeMailbox(
                CLIWorld.stored(other, body: "This one only mentions \(mine).")
                    + CLIWorld.stored(mine, subject: "First", body: "Hello\n>From here\n>>From there\n> quoted")
                    + CLIWorld.stored(other, body: "Not this one")
                    + CLIWorld.stored(mine, subject: "Second", body: "Bye"))
            let outcome = try await CLI.run("mail", "\(mine)", data: data)
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("\nHello\nFrom here\n>From there\n> quoted\n"))
            #expect(!outcome.output.contains("mentions") && !outcome.output.contains("Not this one"))
            let json = try await CLI.json("mail", "\(mine)", data: data)
            let messages = try #require(json["messages"] as? [[String: Any]])
            try #require(messages.count > 0)
            #expect(messages.compactMap { $0["subject"] as? String } == ["First", "Second"])
            #expect(messages[0]["text"] as? String == "Hello\nFrom here\n>From there\n> quoted\n")
            #expect(messages[0]["kind"] as? String == "confirmation")
        }
    }

    @Test("text and HTML parts are decoded: quoted-printable, base64, encoded headers")
    func parts() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let order = CLIWorld.order(1)
            let html = Data("<p>Größe</p>".utf8).base64EncodedString()
            try world.writeMailbox(
                CLIWorld.stored(
                    order, subject: "=?UTF-8?B?R3LDtsOf?=\n =?utf-8?q?e_XL?=",
                    body: """
                        --=_b
                        Content-Type: text/plain; charset=utf-8
                        Content-Transfer-Encoding: quoted-printable

                        Gr=C3=B6=
                        =C3=9Fe =3D XL=1B[31m
                        --=_b
                        Content-Type: text/html; charset=utf-8
                        Content-Transfer-Encoding: base64

                        \(html)
                        --=_b--
                        """, headers: "MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=\"=_b\"\n"))
            let outcome = try await CLI.run("mail", "\(order)", data: data)
            #expect(outcome.output.contains("Subject: Größe XL"))
            #expect(outcome.output.contains("Größe = XL[31m"))
            #expect(outcome.output.isHarmless)
            let json = try await CLI.json("mail", "\(order)", data: data)
            #expect((json["messages"] as? [[String: Any]])?.first?["html"] as? String == "<p>Größe</p>")
        }
    }

    @Test("an address is shown as it is: nothing within <> or quotes is an encoded word")
    func addresses() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let order = CLIWorld.order(1)
            for (stored, shown) in [
                ("<=?utf-8?q?x?=@example.test>", "<=?utf-8?q?x?=@example.test>"),
                ("< =?utf-8?q?x?= @example.test>", "< =?utf-8?q?x?= @example.test>"),
                ("=?utf-8?q?x?=@example.test", "=?utf-8?q?x?=@example.test"),
                ("\"a =?utf-8?q?x?= b\" <a@b.test>", "\"a =?utf-8?q?x?= b\" <a@b.test>"),
                ("=?utf-8?q?J=C3=B6rg?= =?UTF-8?B?IEzDpA==?= <a@b.test>", "Jörg Lä <a@b.test>"),
                ("(=?utf-8?q?x?=) a@b.test", "(x) a@b.test"),
                ("=?utf-8?q?x <a@b.test>", "=?utf-8?q?x <a@b.test>"),
            ] {
                let mail = CLIWorld.stored(order, body: "Hello")
                let lines = mail.split(separator: "\n", omittingEmptySubsequences: false).map {
                    $0.hasPrefix("To: ") ? "To: \(stored)" : String($0)
                }
                try world.writeMailbox(lines.joined(separator: "\n"))
                let json = try await CLI.json("mail", "\(order)", data: data)
                #expect((json["messages"] as? [[String: Any]])?.first?["to"] as? String == shown)
            }
        }
    }

    @Test("--alerts prints what the operator was told, and no customer's mail")
    func alerts() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let customer = CLIWorld.stored(CLIWorld.order(1), body: "X-Stampede-Alert: a customer's")
            try world.writeMailbox(customer)
            let none = try await CLI.run("mail", "--alerts", data: data)
            #expect(none.status == 1 && none.errors.contains("stampede dlq list"))
            try world.writeMailbox(
                customer + """
                    From orders@stampede.example Sun Mar  1 12:00:00 2026
                    To: <operator@stampede.example>
                    Subject: [Stampede] payment: a dead letter
                    X-Stampede-Alert: 1

                    payment-service gave up


                    """ + customer)
            let outcome = try await CLI.run("mail", "--alerts", data: data)
            #expect(outcome.status == 0 && outcome.output.contains("\npayment-service gave up\n"))
            #expect(!outcome.output.contains("a customer's"))
            let json = try await CLI.json("mail", "--alerts", data: data)
            #expect((json["messages"] as? [[String: Any]])?.count == 1)
            #expect(try await CLI.run("mail", data: data).status == 2)
            #expect(try await CLI.run("mail", "\(CLIWorld.order(1))", "--alerts", data: data).status == 2)
        }
    }

    @Test(
        "a message is found though its order's id lies across the border of two blocks", arguments: [0, 1, 17, 35, 36])
    func acrossBlocks(_ before: Int) async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let wanted = CLIWorld.order(1)
            let message = CLIWorld.stored(wanted, subject: "Wanted", body: "Here")
            let upToID = try #require(message.components(separatedBy: "\(wanted)").first).utf8.count
            // The search reads 4 MiB at a time.
            let room = (4 << 20) - before - upToID - CLIWorld.stored(CLIWorld.order(2), body: "").utf8.count
            let filler = CLIWorld.stored(CLIWorld.order(2), body: String(repeating: "x", count: room))
            try world.writeMailbox(filler + message + filler + message)
            let json = try await CLI.json("mail", "\(wanted)", data: data)
            let subjects = (json["messages"] as? [[String: Any]])?.compactMap { $0["subject"] as? String }
            #expect(subjects == ["Wanted", "Wanted"])
        }
    }

    @Test("no mailbox, no message and a torn mailbox are said, not crashed on")
    func nothingFound() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let order = CLIWorld.order(1)
            let none = try await CLI.run("mail", "\(order)", data: data)
            #expect(none.status == 1 && none.errors.contains("outbox.mbox"))
            try world.writeMailbox(CLIWorld.stored(CLIWorld.order(2), body: "x"))
            let other = try await CLI.run("mail", "\(order)", data: data)
            #expect(other.status == 1 && other.errors.contains("stampede order \(order)"))
            for torn in [
                "", "From", "\(order)", "\n\n\(order)\nFrom ", String(CLIWorld.stored(order, body: "x").prefix(300)),
            ] {
                try world.writeMailbox(torn)
                #expect([0, 1].contains(try await CLI.run("mail", "\(order)", data: data).status), "\(torn)")
            }
        }
    }
}
