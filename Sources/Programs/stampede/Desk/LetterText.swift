import Contracts

/// Dead letters and their groups for a terminal: a row each, and below it what they died of.
struct LetterText {
    let now: Timestamp
    let width: Int
    let style: Style

    private static let indent = "  "

    func lines(_ groups: [LetterGroup]) -> [String] {
        var table = Table([
            .init(title: "GROUP"), .init(title: "SERVICE"), .init(title: "TYPE", isFlexible: true),
            .init(title: "LETTERS", alignment: .right), .init(title: "SINCE", alignment: .right),
            .init(title: "LAST", alignment: .right), .init(title: "BEHIND", alignment: .right),
            .init(title: "SAMPLE"),
        ])
        for group in groups {
            table.add([
                .init(group.key.id), .init(group.key.service.rawValue), .init(group.sample.shownType),
                .init(Words.count(group.letters.count), .bad), .init(age(group.first)), .init(age(group.last)),
                .init(Words.count(group.parkedBehind), group.parkedBehind > 0 ? .warning : nil),
                .init(Self.short(group.sample.id)),
            ])
        }
        return interleave(table, groups.map { cause($0.errorKind, $0.key.signature) })
    }

    func lines(_ letters: [DeskLetter]) -> [String] {
        var table = Table([
            .init(title: "LETTER"), .init(title: "GROUP"), .init(title: "SERVICE"), .init(title: "STATE"),
            .init(title: "DIED", alignment: .right), .init(title: "BEHIND", alignment: .right),
            .init(title: "PLACE", isFlexible: true),
        ])
        for letter in letters {
            table.add([
                .init(Self.short(letter.id)), .init(letter.group.id), .init(letter.service.rawValue),
                .init(letter.isOpen && letter.isEdited ? "edited" : letter.state, letter.isOpen ? .bad : .faint),
                .init(age(letter.diedAt)),
                .init(Words.count(letter.parkedBehind), letter.parkedBehind > 0 ? .warning : nil),
                .init("\(letter.place) \(letter.shownType)"),
            ])
        }
        return interleave(table, letters.map { cause($0.errorKind, $0.error) })
    }

    /// What tells one id from another: its end, for the beginning is the time.
    static func short(_ id: EventID) -> String { "…" + id.description.suffix(8) }

    private func age(_ time: Timestamp) -> String {
        Words.age(seconds: Double(now.microseconds - time.microseconds) / 1e6)
    }

    /// Undecodable bytes and the like share their kind for a signature.
    private func cause(_ kind: String, _ text: String) -> String {
        text == kind || text.isEmpty ? kind : "\(kind): \(text)"
    }

    private func interleave(_ table: Table, _ causes: [String]) -> [String] {
        let lines = table.lines(width: width, style: style)
        return zip(lines.dropFirst(), causes).reduce(into: [lines[0]]) { all, pair in
            let cause = TerminalText.fitted(TerminalText.safe(pair.1), to: width - Self.indent.count)
            all += [pair.0, Self.indent + style.paint(cause, .faint)]
        }
    }
}
