import Contracts
import Delivery
import Foundation
import GRDB

/// A dead letter with all that its service's database holds of it.
struct LetterFile {
    let letter: DeskLetter
    let content: Desks.Content
    /// What operators did, in order: `action`, `at`, `actor`, `reason`, `detail`.
    let actions: [JSONValue]
    /// Events of the same subject that wait for this one, in order.
    let parked: [JSONValue]

    init(_ letter: DeskLetter, _ desks: Desks, _ personal: Personal) throws {
        self.letter = letter
        content = try desks.content(of: letter).view(personal)
        (actions, parked) =
            try Evidence.read(desks.data.database(of: letter.service)) { db in
                let actions = try Evidence.records(
                    db,
                    "SELECT action, at, actor, reason, detail FROM dead_letter_actions WHERE event_id = ? ORDER BY number",
                    [Data(letter.id.bytes)])
                let rows = try Row.fetchAll(
                    db, sql: "SELECT * FROM parked WHERE subject = ? ORDER BY arrival", arguments: [letter.subject])
                return (actions, letter.isOpen ? rows.map(Self.parked) : [])
            } ?? ([], [])
    }

    private static func parked(_ row: Row) -> JSONValue {
        guard case .object(var members) = Evidence.record(row) else { return .null }
        // Bytes that are no event have no type.
        let event = [UInt8](cell: row["event"] as DatabaseValue) ?? []
        members["type"] = JSONValue(try? EventCoding.type(of: event[...]))
        return .object(members)
    }

    var json: JSONValue {
        var members = letter.members
        members["event"] = .string(Data(content.event).base64EncodedString())
        members["corrected"] = JSONValue(content.corrected.map { Data($0).base64EncodedString() })
        members["envelope"] = Self.envelope(content.event) ?? .null
        members["correctedEnvelope"] = content.corrected.flatMap(Self.envelope) ?? .null
        members["actions"] = .array(actions)
        members["parked"] = .array(parked)
        return .object(members)
    }

    /// As CloudEvents JSON; nil for bytes that are no event.
    static func envelope(_ bytes: [UInt8]) -> JSONValue? {
        (try? EventCoding.decode(bytes)).flatMap { JSONValue.parse(CloudEventJSON($0).line().utf8) }
    }
}

/// A dead letter for a terminal.
struct LetterFileText {
    let file: LetterFile

    private static let dumpedBytes = 1024

    func lines(width: Int, style: Style) -> [String] {
        let letter = file.letter
        let paint: Style.Paint = letter.isOpen ? .bad : .faint
        var lines = [
            style.paint("Dead letter", .strong) + " \(letter.id)  "
                + style.paint(TerminalText.safe(letter.state), paint)
        ]
        lines += wrapped(facts.joined(separator: ", "), width)
        lines += wrapped("\(letter.errorKind): \(letter.error)", width).map { style.paint($0, paint) }
        lines += ["", style.paint("EVENT", .faint)] + event(file.content.event)
        if let corrected = file.content.corrected {
            lines += ["", style.paint("CORRECTED (stands in for it at this service)", .faint)] + event(corrected)
        }
        for table in [actions, parked] where !table.rows.isEmpty {
            lines += [""] + table.lines(width: width, style: style)
        }
        return lines
    }

    private var facts: [String] {
        let letter = file.letter
        return [
            letter.service.rawValue, "\(letter.place) \(letter.shownType)", "subject \(letter.subject)",
            Words.counted(letter.attempts, "attempt"), "group \(letter.group.id)",
            "first failed \(letter.firstFailedAt)", "died \(letter.diedAt)",
            letter.settledAt.map { "settled \($0)" }, letter.origin == "log" ? nil : "from an \(letter.origin)",
        ].compactMap(\.self)
    }

    private func wrapped(_ text: String, _ width: Int) -> [String] {
        TerminalText.safeLines(text).flatMap { TerminalText.wrapped($0, to: width) }
    }

    private func event(_ bytes: [UInt8]) -> [String] {
        if let document = try? LetterFile.envelope(bytes)?.document() {
            return TerminalText.safeLines(document)
        }
        let more = bytes.count - Self.dumpedBytes
        return HexDump.lines(bytes.prefix(Self.dumpedBytes))
            + (more > 0 ? ["… and \(Words.counted(more, "byte")) more; --json has them all"] : [])
    }

    private var actions: Table {
        var table = Table([
            .init(title: "DONE"), .init(title: "AT"), .init(title: "BY"), .init(title: "SAYS", isFlexible: true),
        ])
        for action in file.actions {
            let says = [action["reason"]?.text, action["detail"]?.text].compactMap(\.self).joined(separator: "; ")
            table.add([
                .init(action["action"]?.text ?? "?"), .init(Self.seconds(action["at"]?.text ?? "?")),
                .init(action["actor"]?.text ?? "?"), .init(says),
            ])
        }
        return table
    }

    /// `2026-11-22T07:46:42Z`
    private static func seconds(_ time: String) -> String {
        Timestamp(time) == nil ? time : time.prefix(19) + "Z"
    }

    private var parked: Table {
        var table = Table([
            .init(title: "WAITS FOR IT"), .init(title: "EVENT"), .init(title: "TYPE"),
        ])
        for row in file.parked {
            table.add([
                .init("\(row["topic"]?.text ?? "?")@\(row["offset"]?.whole ?? 0)"),
                .init(row["eventId"]?.text ?? "?"), .init(row["type"]?.text ?? DeskLetter.unreadable),
            ])
        }
        return table
    }
}
