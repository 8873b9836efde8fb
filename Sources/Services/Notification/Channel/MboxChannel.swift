import Contracts
package import Delivery

/// Puts messages at the end of a mailbox file that mail readers open.
///
/// *Guarantee*: each message is in the file once, whatever kills the process and wherever. *Why it holds*: the file's length
/// is stored with every settled batch; what lies behind that mark is at most one batch, of which whole messages count as
/// delivered and the rest is cut off and written again. *If broken*: a customer hears twice, or never.
///
/// One sync a batch. The file has this one writer; whoever else wants to change it works on a copy.
package final class MboxChannel: MailChannel {
    package let name = "mbox"
    /// Bytes up to which the file is known and on disk.
    package private(set) var mark: Int64 = 0
    private let file: any AppendOnlyFile
    private var delivered: Set<String> = []

    package init(file: any AppendOnlyFile) {
        self.file = file
    }

    package func recover(mark settled: Int64) throws {
        let length = try file.length()
        guard length >= settled else { throw MailboxFault.shorter(path: file.path, length: length, settled: settled) }
        let tail = try file.read(settled..<length)
        var end = 0
        var found: Set<String> = []
        while let whole = MboxFormat.whole(tail[end...]) {
            end += whole.length
            found.insert(whole.messageID)
        }
        if !tail.isEmpty { try writeAnew(Array(tail[..<end]), at: settled) }
        mark = settled + Int64(end)
        delivered = found
    }

    /// Written anew, not just kept: a sync that succeeds after one that failed proves nothing.
    private func writeAnew(_ whole: [UInt8], at settled: Int64) throws {
        #if MUTANTS
            if Mutant.mailNotSyncedAgain.isOn { return try file.truncate(to: settled + Int64(whole.count)) }
        #endif
        try file.truncate(to: settled)
        if !whole.isEmpty { try file.append(whole) }
        try file.sync()
    }

    package func wasDelivered(_ messageID: String) -> Bool {
        #if MUTANTS
            if Mutant.mailSentAgain.isOn { return false }
        #endif
        return delivered.contains(messageID)
    }

    package func deliver(_ batch: [OutgoingMail]) throws -> [String: String] {
        let length = try file.length()
        guard length == mark else { throw MailboxFault.changed(path: file.path, length: length, expected: mark) }
        let bytes = batch.flatMap(MboxFormat.encode)
        try file.append(bytes)
        try file.sync()
        mark += Int64(bytes.count)
        return [:]
    }
}

/// The mailbox is not as it was left.
package enum MailboxFault: EnvironmentFault, Equatable {
    case shorter(path: String, length: Int64, settled: Int64)
    case changed(path: String, length: Int64, expected: Int64)

    package var isFinal: Bool { false }

    package var description: String {
        switch self {
        case .shorter(let path, let length, let settled):
            "\(path) has \(length) bytes, but messages up to byte \(settled) were delivered to it: mail is gone. "
                + "Nothing was changed; put the file back, then Notification goes on by itself"
        case .changed(let path, let length, let expected):
            "\(path) has \(length) bytes where \(expected) were left: somebody else writes it. Nothing was changed"
        }
    }
}
