import Delivery
import Foundation
import ServiceRuntime
import Testing
import TestSupport

@testable import NotificationService

/// The mailbox on a real file system.
@Suite("Notification: the file")
struct NotificationFileTests {
    private func mail(_ number: Int) -> OutgoingMail {
        OutgoingMail(
            messageID: "<\(number)@stampede.example>", recipient: "a@b.test", sender: "orders@stampede.example",
            date: ServiceHarness.start,
            message: Array("Message-ID: <\(number)@stampede.example>\nSubject: \(number)\n\nHello\n".utf8))
    }

    @Test("directories and file are made, for owner and group alone")
    func made() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/data/mail/outbox.mbox"
        let file = try PosixAppendOnlyFile(path: path)
        #expect(try file.length() == 0)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        let mode = try #require(attributes[.posixPermissions] as? NSNumber).intValue
        #expect(mode & 0o137 == 0)
    }

    @Test("what was appended is read back, by this value and by the next")
    func roundTrip() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/mail/outbox.mbox"
        let channel = MboxChannel(file: try PosixAppendOnlyFile(path: path))
        try channel.recover(mark: 0)
        _ = try channel.deliver((0..<3).map(mail))
        _ = try channel.deliver([mail(3)])
        let other = MboxChannel(file: try PosixAppendOnlyFile(path: path))
        try other.recover(mark: 0)
        #expect((0..<4).allSatisfy { other.wasDelivered("<\($0)@stampede.example>") })
        #expect(other.mark == channel.mark)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(wholeMessages(bytes).ids.count == 4 && wholeMessages(bytes).rest == 0)
    }

    @Test("a torn end is cut off on a real file")
    func torn() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/outbox.mbox"
        let file = try PosixAppendOnlyFile(path: path)
        let channel = MboxChannel(file: file)
        try channel.recover(mark: 0)
        _ = try channel.deliver((0..<2).map(mail))
        try file.truncate(to: try file.length() - 3)
        try channel.recover(mark: 0)
        #expect(channel.wasDelivered("<0@stampede.example>") && !channel.wasDelivered("<1@stampede.example>"))
        _ = try channel.deliver([mail(1)])
        let bytes = try file.read(0..<(try file.length()))
        #expect(wholeMessages(bytes).ids == ["<0@stampede.example>", "<1@stampede.example>"])
    }

    @Test("a mailbox moved away or replaced while the service runs is noticed, and mail is not lost in the old one")
    func replaced() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/outbox.mbox"
        let channel = MboxChannel(file: try PosixAppendOnlyFile(path: path))
        try channel.recover(mark: 0)
        _ = try channel.deliver([mail(0)])
        let settled = channel.mark
        try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
        #expect(throws: MailboxFault.changed(path: path, length: 0, expected: settled)) {
            _ = try channel.deliver([mail(1)])
        }
        #expect(throws: MailboxFault.shorter(path: path, length: 0, settled: settled)) {
            try channel.recover(mark: settled)
        }
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
        try channel.recover(mark: settled)
        _ = try channel.deliver([mail(1)])
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(wholeMessages(bytes).ids.count == 2)
    }

    @Test("a full disk is told apart from a broken one")
    func full() throws {
        let file = try PosixAppendOnlyFile(path: "/dev/full")
        #expect(throws: FileFault.noSpace(path: "/dev/full")) { try file.append([1]) }
        #expect(!FileFault.noSpace(path: "x").isFinal)
        #expect(FileFault.syncFailed(path: "x", errno: 5).isFinal)
    }
}
