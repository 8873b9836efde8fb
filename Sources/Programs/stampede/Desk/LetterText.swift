import Contracts

/// Dead letters and their groups for a terminal: a row each, and below it what they died of.
struct LetterText {
    let now: Timestamp
    let width: Int
    let style: Style

    func lines(_ groups: [LetterGroup]) -> [String] {
        var table = Table([
            .init(title: "GROUP"), .init(title: "SERVICE"), .init(title: "TYPE"),
            .init(title: "LETTERS", alignment: .right), .init(title: "SINCE", alignment: .right),
            .init(title: "LAST", alignment: .right), .init(title: "BEHIND", alignment: .right),
            .init(title: "SAMPLE"),
        ])
        for group in groups {
            let row: [Table.Cell] = [
                .init(group.key.id), .init(group.key.service.rawValue), .init(group.sample.shownType),
                .init(Words.count(group.letters.count), .bad), .init(age(group.first)), .init(age(group.last)),
                .init(Words.count(group.parkedBehind), group.parkedBehind > 0 ? .warning : nil),
                .init(Self.short(group.sample.id)),
            ]
            table.add(row, below: .init(cause(group.errorKind, group.key.signature), .faint))
        }
        return table.lines(width: width, style: style)
    }

    func lines(_ letters: [DeskLetter]) -> [String] {
        var table = Table([
            .init(title: "LETTER"), .init(title: "GROUP"), .init(title: "SERVICE"), .init(title: "STATE"),
            .init(title: "DIED", alignment: .right), .init(title: "BEHIND", alignment: .right),
        ])
        for letter in letters {
            let row: [Table.Cell] = [
                .init(Self.short(letter.id)), .init(letter.group.id), .init(letter.service.rawValue),
                .init(letter.isOpen && letter.isEdited ? "edited" : letter.state, letter.isOpen ? .bad : .faint),
                .init(age(letter.diedAt)),
                .init(Words.count(letter.parkedBehind), letter.parkedBehind > 0 ? .warning : nil),
            ]
            let what = "\(letter.place) \(letter.shownType)"
            table.add(row, below: .init("\(what) \(cause(letter.errorKind, letter.error))", .faint))
        }
        return table.lines(width: width, style: style)
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
}
