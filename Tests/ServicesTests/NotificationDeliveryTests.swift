import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import Testing
import TestSupport

@testable import NotificationService

/// The service with its channel: each message once, whatever happens on the way.
@Suite("Notification: delivery")
struct NotificationDeliveryTests {
    private func service(_ file: FaultyFile, log: InMemoryEventLog = InMemoryEventLog()) throws -> ServiceHarness {
        let harness = try ServiceHarness(NotificationService.card(), log: log)
        try attach(file, to: harness)
        return harness
    }

    /// The runner of calls as one more part of the service.
    private func attach(_ file: FaultyFile, to harness: ServiceHarness) throws {
        let runner = try MailRunner(node: harness.node, channel: MboxChannel(file: file))
        harness.parts = [{ try runner.turn() == .worked }]
    }

    @Test("every outcome is told of once, and the log says so")
    func everyKind() throws {
        let file = FaultyFile()
        let harness = try service(file)
        var causes: [EventID: NotificationKind] = [:]
        let reasons: [(CancellationReason, NotificationKind)] = [
            (.soldOut, .soldOut), (.paymentDeclined, .paymentFailed), (.paymentExpired, .paymentFailed),
            (.abandoned, .paymentFailed), (.cancelledByCustomer, .cancellation),
        ]
        for (reason, kind) in reasons {
            causes[try harness.emit(Sample.cancelled(reason), order: harness.newOrderID(), on: .orders).id] = kind
        }
        let order = harness.newOrderID()
        causes[try harness.emit(Sample.confirmed(), order: order, on: .orders).id] = .confirmation
        try harness.runUntilIdle()
        causes[try harness.emit(Sample.cancelled(.refunded), order: order, on: .orders).id] = .refund
        try harness.runUntilIdle()

        let sent = try harness.events(.notifications)
        #expect(sent.count == 7 && sent.allSatisfy { $0.type == V1.NotificationSent.type })
        for event in sent {
            let cause = try #require(event.causationID)
            let payload = try V1.NotificationSent.decoded(from: event.data)
            #expect(payload.kind == causes[cause])
            #expect(payload.messageID == Notice.messageID(of: cause))
            #expect(payload.channel == "mbox")
        }
        let messages = try Mailbox(bytes: file.bytes).messages
        #expect(messages.count == 7)
        #expect(Set(messages.map(\.id)) == Set(causes.keys.map(Notice.messageID)))
        #expect(try harness.count("SELECT count(*) FROM notifications WHERE state = 'sent'") == 7)
        #expect(try harness.count("SELECT count(*) FROM intents WHERE state = 'open'") == 0)
        #expect(try harness.domain() == harness.rebuiltDomain(seed: 3))
    }

    @Test("an event delivered twice, and a second event of the same kind, tell nobody twice")
    func duplicates() throws {
        let file = FaultyFile()
        let harness = try service(file)
        let order = harness.newOrderID()
        let event = try harness.emit(Sample.confirmed(), order: order, on: .orders)
        try harness.emit(event, on: .orders)
        try harness.runUntilIdle()
        try harness.emit(event, on: .orders)
        try harness.emit(Sample.confirmed(), order: order, on: .orders)
        try harness.runUntilIdle()
        #expect(wholeMessages(file.bytes).ids == [Notice.messageID(of: event.id)])
        #expect(try harness.events(.notifications).count == 1)
        #expect(try harness.domain() == harness.rebuiltDomain(seed: 1))
    }

    @Test("an address that nothing can reach is a failed notification, once, and nothing is written")
    func badAddress() throws {
        let file = FaultyFile()
        let harness = try service(file)
        let event = try harness.emit(
            Sample.confirmed(email: "ann@example.test\r\nBcc: eve@example.test"), order: harness.newOrderID(),
            on: .orders)
        try harness.emit(event, on: .orders)
        try harness.runUntilIdle()
        let failed = try harness.events(.notifications)
        #expect(failed.map(\.type) == [V1.NotificationFailed.type])
        #expect(failed.first?.causationID == event.id)
        #expect(file.bytes.isEmpty)
        #expect(try harness.rows("SELECT state, message_id FROM notifications").map { $0[0] as String } == ["failed"])
        #expect(try harness.domain() == harness.rebuiltDomain(seed: 1))
    }

    @Test("a batch costs one sync, however many messages it holds")
    func oneSyncABatch() throws {
        let file = FaultyFile()
        let harness = try service(file)
        for _ in 0..<300 { try harness.emit(Sample.confirmed(), order: harness.newOrderID(), on: .orders) }
        try harness.runUntilIdle()
        #expect(wholeMessages(file.bytes).ids.count == 300)
        #expect(file.syncs == 2)  // batches of at most 256
        // Stored with each batch: a start looks at no more than what one batch can have left.
        #expect(try harness.count("SELECT mark FROM channel_marks") == file.bytes.count)
    }

    @Test("messages leave for good before the log says that they left")
    func durableFirst() throws {
        let file = FaultyFile()
        let harness = try service(file)
        try harness.emit(Sample.confirmed(), order: harness.newOrderID(), on: .orders)
        file.change { $0.failsSync = true }
        #expect(throws: FileFault.self) { try harness.runUntilIdle() }
        #expect(try harness.count("SELECT count(*) FROM outbox") == 0)
        #expect(try harness.events(.notifications).isEmpty)
        #expect(try harness.count("SELECT count(*) FROM intents WHERE state = 'open'") == 1)
    }

    @Test("messages whose sync failed count as delivered only once they are written again")
    func failedSync() throws {
        let file = FaultyFile()
        let harness = try service(file)
        let event = try harness.emit(Sample.confirmed(), order: harness.newOrderID(), on: .orders)
        file.change { $0.failsSync = true }
        #expect(throws: FileFault.self) { try harness.runUntilIdle() }
        #expect(wholeMessages(file.bytes).ids.count == 1 && file.medium.isEmpty)
        file.change { $0.failsSync = false }
        try harness.restart()
        try attach(file, to: harness)
        try harness.runUntilIdle()
        #expect(try harness.events(.notifications).count == 1)
        #expect(wholeMessages(file.medium).ids == [Notice.messageID(of: event.id)])
    }

    @Test("after a fault, what left is settled together with the mark, or not at all")
    func settledWithTheMark() throws {
        let file = FaultyFile()
        let harness = try service(file)
        let event = try harness.emit(Sample.confirmed(), order: harness.newOrderID(), on: .orders)
        file.change { $0.failsSync = true }
        #expect(throws: FileFault.self) { try harness.runUntilIdle() }
        file.change { $0.failsSync = false }
        try harness.restart()
        try attach(file, to: harness)
        try harness.node.database.transaction { db in
            try db.execute(
                sql: "CREATE TRIGGER no BEFORE INSERT ON channel_marks BEGIN SELECT RAISE(ABORT, 'no mark'); END")
        }
        #expect(throws: (any Error).self) { try harness.runUntilIdle() }
        #expect(try harness.count("SELECT count(*) FROM intents WHERE state = 'open'") == 1)
        try harness.node.database.transaction { try $0.execute(sql: "DROP TRIGGER no") }
        try harness.runUntilIdle()
        #expect(wholeMessages(file.medium).ids == [Notice.messageID(of: event.id)])
        #expect(try harness.count("SELECT mark FROM channel_marks") == file.bytes.count)
        #expect(try harness.events(.notifications).count == 1)
    }

    @Test("a full disk stands and goes on: nothing is dead, nothing is told twice", arguments: [0, 1, 700, 2500])
    func fullDisk(room: Int) throws {
        let file = FaultyFile()
        let harness = try service(file)
        var ids: [String] = []
        for _ in 0..<5 {
            ids.append(
                Notice.messageID(of: try harness.emit(Sample.confirmed(), order: harness.newOrderID(), on: .orders).id))
        }
        file.change { $0.room = room }
        for _ in 0..<3 { #expect(throws: FileFault.noSpace(path: file.path)) { try harness.runUntilIdle() } }
        #expect(try harness.events(.notifications).isEmpty)
        file.change { $0.room = .max }
        try harness.runUntilIdle()
        let found = wholeMessages(file.bytes)
        #expect(found.ids.sorted() == ids.sorted())
        #expect(found.rest == 0)
        #expect(try harness.events(.notifications).count == 5)
        #expect(try harness.count("SELECT count(*) FROM dead_letters") == 0)
    }

    @Test("killed at any byte of a batch, whole or with its last bytes never on disk: each message is there once")
    func crashAtEveryByte() throws {
        // One batch is settled, one was written when the process died: its calls are open, the mark lies before it.
        let file = FaultyFile()
        let harness = try service(file)
        for _ in 0..<2 { try harness.emit(Sample.confirmed(), order: harness.newOrderID(), on: .orders) }
        try harness.runUntilIdle()
        let settled = file.bytes.count
        for _ in 0..<2 { try harness.emit(Sample.confirmed(), order: harness.newOrderID(), on: .orders) }
        harness.parts = []
        try harness.runUntilIdle()
        let channel = MboxChannel(file: file)
        try channel.recover(mark: Int64(settled))
        let composer = try MailComposer()
        let open = try harness.node.database.read { try Intent.open(after: "", limit: 100, $0) }
        _ = try channel.deliver(try open.map { try composer.compose(try Notice($0)) })
        let written = file.bytes
        #expect(open.count == 2 && written.count > settled + 2000)

        for cut in settled...written.count {
            let torn = Array(written[..<cut])
            // Every seventh cut also as a file that has its full length, but zeros where the cut is.
            let images = cut % 7 == 0 ? [torn, torn + Array(repeating: 0, count: written.count - cut)] : [torn]
            for image in images {
                let left = FaultyFile(image)
                let recovered = MboxChannel(file: left)
                try recovered.recover(mark: Int64(settled))
                let missing = open.filter { !recovered.wasDelivered(Notice.messageID(of: $0.cause.id)) }
                _ = try recovered.deliver(try missing.map { try composer.compose(try Notice($0)) })
                // The same bytes as if nothing had happened: the messages are made again the same, in the same order.
                guard left.bytes == written, !left.isUnsynced else {
                    let found = wholeMessages(left.bytes)
                    Issue.record("cut at byte \(cut - settled) of \(written.count - settled): \(found)")
                    return
                }
                #expect(Int(recovered.mark) == left.bytes.count)
            }
        }
    }

    @Test(
        "killed between delivery and commit, the service goes on with each message and each event once",
        arguments: Histories.seeds(20))
    func crashOfTheService(seed: UInt64) throws {
        let random = SeededRandomness(seed: seed)
        let file = FaultyFile()
        let log = InMemoryEventLog()
        let harness = try service(file, log: log)
        var ids: [String] = []
        for _ in 0..<random.below(700) + 1 {
            let event = try harness.emit(Sample.confirmed(), order: harness.newOrderID(), on: .orders)
            ids.append(Notice.messageID(of: event.id))
            if random.chance(0.01) { _ = try harness.turn() }
        }
        // Deliveries that a crash cuts short: the runner dies with a part of its batch in the file.
        for _ in 0..<random.below(4) {
            file.change { $0.room = random.below(400_000) }
            do { try harness.runUntilIdle() } catch is FileFault {}
            if random.chance(0.5) {
                // The whole batch is in the file and the commit never came.
                try deliverWithoutSettling(harness, file)
            }
            file.change { $0.room = .max }
            try harness.restart()
            try attach(file, to: harness)
            let event = try harness.emit(Sample.confirmed(), order: harness.newOrderID(), on: .orders)
            ids.append(Notice.messageID(of: event.id))
        }
        try harness.runUntilIdle()
        let found = wholeMessages(file.bytes)
        #expect(found.ids.sorted() == ids.sorted() && found.rest == 0)
        #expect(try Mailbox(bytes: file.bytes).messages.map(\.id).sorted() == ids.sorted())
        #expect(
            try harness.payloads(V1.NotificationSent.self, on: .notifications).map(\.payload.messageID).sorted()
                == ids.sorted())
        #expect(try harness.domain() == harness.rebuiltDomain(seed: seed))
    }

    private func deliverWithoutSettling(_ harness: ServiceHarness, _ file: FaultyFile) throws {
        file.change { $0.room = .max }
        let mark = try harness.node.database.read { try NotificationStore.mark(of: "mbox", $0) }
        let channel = MboxChannel(file: file)
        try channel.recover(mark: mark)
        let composer = try MailComposer()
        let open = try harness.node.database.read { try Intent.open(after: "", limit: MailRunner.batchMessages, $0) }
        _ = try channel.deliver(
            try open.filter { !channel.wasDelivered(Notice.messageID(of: $0.cause.id)) }.map {
                try composer.compose(try Notice($0))
            })
    }

    @Test("a mailbox that lost messages, or that somebody else writes, stops the channel and is not touched")
    func foreignHands() throws {
        let file = FaultyFile()
        let harness = try service(file)
        try harness.emit(Sample.confirmed(), order: harness.newOrderID(), on: .orders)
        try harness.runUntilIdle()
        let whole = file.bytes
        try harness.emit(Sample.confirmed(), order: harness.newOrderID(), on: .orders)

        file.change { $0.bytes = Array(whole.dropLast(10)) }
        for _ in 0..<2 { #expect(throws: MailboxFault.self) { try harness.runUntilIdle() } }
        #expect(file.bytes == Array(whole.dropLast(10)))

        file.change { $0.bytes = whole }
        try harness.runUntilIdle()
        #expect(wholeMessages(file.bytes).ids.count == 2)
    }

    @Test("Python reads a mailbox of a thousand messages: every one, none twice")
    func thousand() throws {
        let file = FaultyFile()
        let harness = try service(file)
        var ids: Set<String> = []
        for number in 0..<1000 {
            let line = OrderLine(
                productID: number % 2 == 0 ? "From \(number)" : "P-\(number) ü", quantity: 1, unitPrice: 1)
            let event = try harness.emit(Sample.confirmed([line]), order: harness.newOrderID(), on: .orders)
            ids.insert(Notice.messageID(of: event.id))
        }
        try harness.runUntilIdle()
        let messages = try Mailbox(bytes: file.bytes).messages
        #expect(messages.count == 1000)
        #expect(Set(messages.map(\.id)) == ids)
        #expect(messages.allSatisfy { $0.defects.isEmpty })
        #expect(messages.count { $0.text.contains("From ") } == 500)
    }
}
