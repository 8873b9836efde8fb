import Contracts
import EventLog
import FileEventLog
import LogFormat

/// What `log verify` found, as a table and as JSON.
struct LogVerification {
    let topics: [LogVerifier.Finding]

    var isBroken: Bool { topics.contains { !Self.isWhole($0) } }

    private static func isWhole(_ finding: LogVerifier.Finding) -> Bool {
        finding.faults.isEmpty && finding.holdsNotedHead != false
    }

    private static func verdict(_ finding: LogVerifier.Finding) -> String {
        isWhole(finding) ? "whole" : "BROKEN"
    }

    // MARK: - Text

    func lines(width: Int, style: Style) -> [String] {
        var table = Table([
            .init(title: "TOPIC"), .init(title: "SEGMENTS", alignment: .right),
            .init(title: "FRAMES", alignment: .right), .init(title: "EVENTS", alignment: .right),
            .init(title: "END", alignment: .right), .init(title: "HEAD"), .init(title: "VERDICT"),
        ])
        for finding in topics {
            table.add([
                .init(finding.topic.name), .init(Words.count(finding.segments)), .init(Words.count(finding.frames)),
                .init(Words.count(finding.events)), .init(Words.count(finding.nextOffset)),
                .init(String(finding.head.description.prefix(Self.headDigits)), .faint),
                .init(Self.verdict(finding), Self.isWhole(finding) ? .good : .bad),
            ])
        }
        var lines = table.lines(width: width, style: style)
        for fault in topics.flatMap(\.faults).map(Fault.init) {
            lines.append("")
            for (label, text) in [
                ("file", fault.file), ("byte", fault.byte.map(String.init)), ("reason", fault.reason),
            ] {
                guard let text else { continue }
                let indent = label + String(repeating: " ", count: 8 - label.count)
                for (index, part) in TerminalText.wrapped(TerminalText.safe(text), to: width - 8).enumerated() {
                    lines.append((index == 0 ? indent : String(repeating: " ", count: 8)) + part)
                }
            }
        }
        for finding in topics where finding.holdsNotedHead == false {
            lines.append("")
            lines += TerminalText.wrapped(
                TerminalText.safe(
                    "The history of \(finding.topic.name) does not lead through the head that was noted: it was changed, "
                        + "cut off, or is another log's. Restore the topic from a copy."), to: width)
        }
        let torn = topics.filter(\.tornTail).map(\.topic.name)
        if !torn.isEmpty {
            lines.append("")
            lines += TerminalText.wrapped(
                TerminalText.safe(
                    "An append to \(torn.joined(separator: ", ")) was under way or cut off; nothing acknowledged is affected."
                ),
                to: width)
        }
        return lines
    }

    private static let headDigits = 12

    // MARK: - JSON

    var json: JSONValue {
        .object([
            "verdict": .string(isBroken ? "broken" : "whole"),
            "topics": .array(
                topics.map { finding in
                    .object([
                        "topic": .string(finding.topic.name), "segments": JSONValue(finding.segments),
                        "frames": JSONValue(finding.frames), "events": JSONValue(finding.events),
                        "firstOffset": JSONValue(finding.firstOffset), "end": JSONValue(finding.nextOffset),
                        "nextSequence": JSONValue(finding.nextSequence),
                        "acknowledged": JSONValue(finding.acknowledged),
                        "head": .string(finding.head.description), "tornTail": .bool(finding.tornTail),
                        "holdsNotedHead": finding.holdsNotedHead.map(JSONValue.bool) ?? .null,
                        "verdict": .string(Self.verdict(finding).lowercased()),
                        "faults": .array(finding.faults.map { Fault($0).json }),
                    ])
                }),
        ])
    }

    /// A log error taken apart.
    struct Fault {
        var file: String?
        var byte: UInt64?
        var reason: String

        init(_ error: LogError) {
            switch error {
            case .corrupt(_, let file, let byte, let reason):
                (self.file, self.byte) = (file, byte)
                self.reason = "\(reason). Nothing was changed; restore the file from a copy"
            case .unreadable(_, let file, let operation, let errno):
                self.file = file
                reason = "cannot \(operation) it (errno \(errno)); restore it, or see to its permissions"
            default:
                reason = "\(error)"
            }
        }

        var json: JSONValue {
            .object(["file": JSONValue(file), "byte": JSONValue(byte), "reason": .string(reason)])
        }
    }
}
