import Foundation
import TestSupport

@testable import NotificationService

/// The messages of a mailbox as Python's `mailbox.mbox` reads them.
struct Mailbox: Decodable {
    struct Message: Decodable {
        let id: String
        let from: String
        let to: String
        /// The first recipient's, and how many there are.
        let address: String
        let addresses: Int
        let subject: String
        let order: String
        let kind: String
        let date: String
        let type: String
        let headers: [String]
        let text: String
        let html: String
        let defects: [String]
    }

    let messages: [Message]

    init(path: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.reader, path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        messages = try JSONDecoder().decode([Message].self, from: data)
    }

    init(bytes: [UInt8]) throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/outbox.mbox"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        try self.init(path: path)
    }

    private static let reader = """
        import email, email.policy, json, mailbox, sys
        box = mailbox.mbox(sys.argv[1], factory=lambda f: email.message_from_binary_file(f, policy=email.policy.default), create=False)
        messages = []
        for m in box:
            defects = [type(d).__name__ for part in m.walk() for d in part.defects]
            defects += [type(d).__name__ for value in m.values() for d in getattr(value, 'defects', ())]
            messages.append(dict(
                id=m['Message-ID'], to=m['To'], address=m['To'].addresses[0].addr_spec, addresses=len(m['To'].addresses), subject=m['Subject'],
                order=m['X-Stampede-Order'] or '', kind=m['X-Stampede-Kind'] or '',
                date=m['Date'].datetime.isoformat(), type=m.get_content_type(), headers=m.keys(), defects=defects,
                text=m.get_body(('plain',)).get_content(),
                html=m.get_body(('html',)).get_content() if m.is_multipart() else '', **{'from': m['From']}))
        json.dump(messages, sys.stdout)
        """
}

/// The bytes of every message in a mailbox, split as the format says.
func wholeMessages(_ bytes: [UInt8]) -> (ids: [String], rest: Int) {
    var ids: [String] = []
    var rest = bytes[...]
    while let whole = MboxFormat.whole(rest) {
        ids.append(whole.messageID)
        rest = rest.dropFirst(whole.length)
    }
    return (ids, rest.count)
}
