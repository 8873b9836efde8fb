import Contracts

/// The mailbox as it was read: each message held against the event that it tells of.
struct MailReading {
    struct Message {
        let range: Range<Int>
        let messageID: String
        /// What it tells of; `nil` for a Message-ID that names no event.
        let event: EventID?
        /// In what it is not what the events say; nothing if it is, or if nobody knows what it should be.
        let faults: [String]
        let isAlert: Bool
    }

    private(set) var messages: [Message] = []
    private(set) var damages: [MailboxReader.Damage] = []
    /// Indices of the messages, by what they tell of.
    private(set) var byEvent: [EventID: [Int]] = [:]
    /// Bytes of the file when it was read.
    private(set) var size = 0
    /// Why it could not be read to its end.
    private(set) var fault: String?

    var alerts: Int { messages.count { $0.isAlert } }

    init(_ evidence: Evidence, _ expectations: MailExpectations) {
        do {
            guard var reader = try MailboxReader(path: evidence.mailbox) else { return }
            defer { reader.close() }
            while let item = try reader.item() {
                switch item {
                case .message(let stored): add(stored, expectations)
                case .damage(let damage): damages.append(damage)
                }
            }
            size = max(messages.last?.range.upperBound ?? 0, damages.last?.range.upperBound ?? 0)
        } catch {
            fault = "\(error)"
        }
    }

    private mutating func add(_ stored: MailboxReader.StoredMail, _ expectations: MailExpectations) {
        let messageID = Self.messageID(stored.framed)
        let event = MailHeaders.event(of: messageID)
        let expected = event.flatMap { expectations.mail(of: $0) }
        let faults = expected?.faults(of: stored) ?? []
        var isAlert = false
        if case .alert? = expected?.content { isAlert = true }
        if let event { byEvent[event, default: []].append(messages.count) }
        messages.append(
            Message(range: stored.range, messageID: messageID, event: event, faults: faults, isAlert: isAlert))
    }

    /// Of the first header of that name, as it is written; empty if there is none.
    private static func messageID(_ framed: ArraySlice<UInt8>) -> String {
        let name = "message-id:"
        var rest = framed
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")), end > rest.startIndex {
            let line = rest[..<end]
            if line.count > name.utf8.count,
                String(decoding: line.prefix(name.utf8.count), as: UTF8.self).lowercased() == name
            {
                let value = line.dropFirst(name.utf8.count).drop { $0 == 0x20 }
                return String(decoding: value.prefix(200), as: UTF8.self)
            }
            rest = rest[(end + 1)...]
        }
        return ""
    }

    func copies(of event: EventID) -> [Message] { (byEvent[event] ?? []).map { messages[$0] } }
}
