import Contracts

/// A message as it follows from the events, and how another one differs from it.
struct ExpectedMail {
    enum Content {
        case customer(MailWording, address: String)
        /// - Parameter address: `nil` if the call on record does not name it.
        case alert(AlertWording, address: String?)
    }

    /// What it tells of.
    let event: EventID
    let content: Content
    /// When it was decided to tell; `nil` if that is not on record.
    let date: Timestamp?
    /// When what it tells of happened.
    let earliest: Timestamp

    private var boundary: String { "=_\(event)" }

    // MARK: - Whole

    /// The stored bytes behind the frame line, where all of it is plain ASCII; `nil` if the date is not on record, or it is
    /// an alert.
    var plain: [UInt8]? {
        guard case .customer(let wording, let address) = content, let date else { return nil }
        var message = "Date: \(MailHeaders.date(date))\nFrom: \(MailHeaders.sender) <\(MailHeaders.address)>\n"
        message += "To: <\(address)>\nSubject: \(wording.subject)\nMessage-ID: \(MailHeaders.messageID(of: event))\n"
        message += "X-Stampede-Order: \(wording.order)\nX-Stampede-Kind: \(wording.kind.rawValue)\nMIME-Version: 1.0\n"
        message += "Content-Type: multipart/alternative; boundary=\"\(boundary)\"\n\n"
        message += "--\(boundary)\n\(Self.head("text/plain", isPlain: true))\n\(wording.text)"
        message += "--\(boundary)\n\(Self.head("text/html", isPlain: true))\n\(wording.html)--\(boundary)--\n\n"
        return Array(message.utf8)
    }

    private static func head(_ type: String, isPlain: Bool) -> String {
        "Content-Type: \(type); charset=\(isPlain ? "us-ascii" : "utf-8")\n"
            + "Content-Transfer-Encoding: \(isPlain ? "7bit" : "quoted-printable")\n"
    }

    /// In what a message is not what it should be; nothing if it is.
    func faults(of stored: MailboxReader.StoredMail) -> [String] {
        if let plain, let date, stored.framed.elementsEqual(plain),
            stored.separator.elementsEqual(MailHeaders.separator(date).utf8)
        {
            return []
        }
        let message = MailMessage(message: MailMessage.unquoted(stored.framed))
        var faults = headerFaults(message)
        switch content {
        case .customer(let wording, _): faults += bodyFaults(message, wording)
        case .alert(let wording, _):
            if let text = message.parts.first?.text { faults += Self.difference(text, wording.text, "text") }
        }
        let written = message.header("Date").flatMap { MailHeaders.time(ofDate: $0) }
        if let written = date ?? written, !stored.separator.elementsEqual(MailHeaders.separator(written).utf8) {
            faults.append("its separator line does not have its sender and date")
        }
        return faults
    }

    // MARK: - Headers

    /// Names in their order, with the value that belongs there; `nil` for one that is looked at by itself.
    private func fields(_ message: MailMessage) -> [(name: String, value: String?)] {
        var fields: [(name: String, value: String?)] = [
            ("Date", date.map { MailHeaders.date($0) }), ("From", "\(MailHeaders.sender) <\(MailHeaders.address)>"),
            ("To", nil),
        ]
        switch content {
        case .customer(let wording, _):
            fields += [
                ("Subject", wording.subject), ("Message-ID", MailHeaders.messageID(of: event)),
                ("X-Stampede-Order", wording.order.description), ("X-Stampede-Kind", wording.kind.rawValue),
                ("MIME-Version", "1.0"), ("Content-Type", nil),
            ]
        case .alert(let wording, _):
            let isPlain = message.header("Content-Transfer-Encoding") == "7bit"
            fields += [
                ("Subject", Self.withoutControls(wording.subject)), ("Message-ID", MailHeaders.messageID(of: event)),
                ("X-Stampede-Alert", "1"), ("MIME-Version", "1.0"),
                ("Content-Type", "text/plain; charset=\(isPlain ? "us-ascii" : "utf-8")"),
                ("Content-Transfer-Encoding", isPlain ? "7bit" : "quoted-printable"),
            ]
        }
        return fields
    }

    private func headerFaults(_ message: MailMessage) -> [String] {
        var faults: [String] = []
        let fields = fields(message)
        for (name, value) in fields {
            let found = message.headers.filter { $0.name == name }
            guard let header = found.first, found.count == 1 else {
                faults.append(found.isEmpty ? "it has no \(name)" : "it has \(found.count) headers \(name)")
                continue
            }
            let shown = name == "Subject" ? header.value : header.stored
            if let value {
                if !Self.isSame(shown, value) {
                    faults.append("its \(name) is '\(Self.shown(shown))' where '\(Self.shown(value))' belongs")
                }
            } else if name == "To" {
                faults += recipientFaults(shown)
            } else if name == "Date" {
                faults += dateFaults(shown)
            }
        }
        let names = Set(fields.map(\.name))
        for header in message.headers where !names.contains(header.name) {
            faults.append("it has a header '\(Self.shown(header.name))', which Notification does not write")
        }
        if faults.isEmpty, message.headers.map(\.name) != fields.map(\.name) {
            faults.append("its headers are in another order")
        }
        return faults
    }

    /// Without the addresses: a report is shown around.
    private func recipientFaults(_ value: String) -> [String] {
        switch content {
        case .customer(_, let address):
            Self.isSame(value, "<\(address)>") ? [] : ["it is not addressed to the order's customer"]
        case .alert(_, let address):
            address.map { Self.isSame(value, "<\($0)>") } ?? true ? [] : ["it is not addressed to the operator"]
        }
    }

    private func dateFaults(_ value: String) -> [String] {
        guard let time = MailHeaders.time(ofDate: value) else { return ["its Date '\(Self.shown(value))' is none"] }
        // A Date has no fractions.
        return time + .seconds(1) <= earliest ? ["its Date is before what it tells of"] : []
    }

    // MARK: - Texts

    private func bodyFaults(_ message: MailMessage, _ wording: MailWording) -> [String] {
        guard message.parts.count == 2, message.parts[0].type == "text/plain", message.parts[1].type == "text/html"
        else {
            return ["it does not have a text and an HTML part, in this order"]
        }
        // The line break before a boundary belongs to the boundary (RFC 2046 §5.1.1).
        let faults =
            Self.difference(message.parts[0].text + "\n", wording.text, "text")
            + Self.difference(message.parts[1].text + "\n", wording.html, "HTML part")
        guard faults.isEmpty else { return faults }
        let type = message.header("Content-Type") ?? ""
        let prefix = "multipart/alternative; boundary=\"\(boundary)"
        let rest = type.dropFirst(prefix.count)
        guard type.hasPrefix(prefix), rest.last == "\"", rest.dropLast().allSatisfy({ $0 == "_" }) else {
            return ["its Content-Type is '\(Self.shown(type))'"]
        }
        let mark = "--\(boundary)\(rest.dropLast())"
        var whole: [UInt8] = []
        for part in message.parts {
            whole += "\(mark)\n\(Self.head(part.type, isPlain: part.encoding == "7bit"))\n".utf8
            whole += part.body
            whole.append(UInt8(ascii: "\n"))
        }
        whole += "\(mark)--\n".utf8
        return message.body.elementsEqual(whole) ? [] : ["its body holds other than its two parts"]
    }

    /// The first line that differs.
    private static func difference(_ actual: String, _ expected: String, _ what: String) -> [String] {
        if isSame(actual, expected) { return [] }
        let lines = actual.split(separator: "\n", omittingEmptySubsequences: false)
        let wanted = expected.split(separator: "\n", omittingEmptySubsequences: false)
        let index =
            zip(lines, wanted).enumerated().first { !isSame($0.element.0, $0.element.1) }?.offset
            ?? min(lines.count, wanted.count)
        let line = index < lines.count ? "'\(shown(String(lines[index])))'" : "nothing"
        let other = index < wanted.count ? "'\(shown(String(wanted[index])))'" : "nothing"
        return ["its \(what) says \(line) where \(other) belongs"]
    }

    // MARK: - Words

    /// Byte for byte: letters that only look the same are others.
    private static func isSame(_ left: some StringProtocol, _ right: some StringProtocol) -> Bool {
        left.utf8.elementsEqual(right.utf8)
    }

    private static let shownCharacters = 100

    /// To be shown in a report.
    private static func shown(_ text: String) -> String {
        Redaction.of(withoutControls(String(text.prefix(shownCharacters))))
    }

    /// Those that end a line somewhere become spaces.
    private static func withoutControls(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    let isControl =
                        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028
                        || scalar.value == 0x2029
                    return isControl ? " " : scalar
                }))
    }
}
