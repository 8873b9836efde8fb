import Contracts

/// The report for a terminal: 80 columns, marks with words, no colour.
package struct AuditText {
    package static let width = 80
    /// Findings shown an invariant; the JSON lists more.
    package static let shown = 10
    /// Of what is in flight, which moves by itself.
    private static let shownWaits = 3

    private let report: AuditReport

    package init(_ report: AuditReport) {
        self.report = report
    }

    package var lines: [String] {
        var lines = report.invariants.flatMap(Self.lines(of:))
        lines.append("")
        lines += deskLines
        let figures =
            "\(Self.count(report.orders, "order")), \(Self.count(report.events, "event")), "
            + "\((report.seconds * 10).rounded() / 10) s  (\(report.dataDirectory))"
        let isPlain = report.verdictLine == report.verdict.rawValue
        lines.append(report.verdictLine + (isPlain ? "  " : "; ") + figures)
        return lines
    }

    /// What waits for an operator; nothing where nothing does.
    private var deskLines: [String] {
        let desk = report.desk
        guard desk.letters > 0 else { return [] }
        let behind = desk.behind == 0 ? "" : ", \(Self.count(desk.behind, "event")) behind them"
        let verb = desk.orders == 1 ? "is" : "are"
        var lines = Self.wrapped(
            "Open: \(Self.count(desk.letters, "dead letter")) in "
                + "\(Self.count(desk.groups.count, "group"))\(behind); \(Self.count(desk.orders, "order")) \(verb) held up.",
            indent: 0, mark: "")
        for group in desk.groups.prefix(Self.shown) {
            let type = group.type.isEmpty ? "bytes that are no event" : group.type
            lines += Self.wrapped(
                "\(group.letters) \(type) at \(group.service): \(group.signature)", indent: 2, mark: "- ")
        }
        if desk.groups.count > Self.shown {
            lines += Self.wrapped("and \(desk.groups.count - Self.shown) more groups", indent: 2, mark: "")
        }
        for held in desk.held.prefix(Self.shown) {
            lines += Self.wrapped(
                "order \(held.order) is held up by dead letter \(held.deadLetter) at \(held.service)", indent: 2,
                mark: "- ")
        }
        if desk.holding > Self.shown {
            lines += Self.wrapped("and \(desk.holding - Self.shown) more", indent: 2, mark: "")
        }
        return lines + Self.wrapped("To see them: 'stampede dlq list'", indent: 2, mark: "") + [""]
    }

    private static func count(_ number: Int, _ word: String) -> String {
        "\(number) \(word)\(number == 1 ? "" : "s")"
    }

    private static func lines(of invariant: AuditReport.Invariant) -> [String] {
        let mark =
            switch invariant.holds {
            case .yes: "✓"
            case .no: "✗"
            case .unknown: "?"
            }
        let number = String(invariant.id)
        let head =
            "\(mark) \(padded(invariant.holds.word, 8)) \(String(repeating: " ", count: 2 - number.count))\(number)  \(invariant.title)"
        let count = "\(invariant.checked) checked"
        var lines =
            head.count + count.count + 2 <= width
            ? [head + String(repeating: " ", count: width - head.count - count.count) + count]
            : [head, String(repeating: " ", count: width - count.count) + count]
        let findings = invariant.holds == .no ? invariant.violations : invariant.waits
        let total = invariant.holds == .no ? invariant.violationsTotal : invariant.waitsTotal
        let shown = invariant.holds == .no ? shown : shownWaits
        for finding in findings.prefix(shown) {
            lines += wrapped(finding.message, indent: 15, mark: "- ")
            let place = [
                finding.order.map { "order \($0)" }, finding.event.map { "event \($0)" },
                finding.file.map { file in file + (finding.offset.map { " offset \($0)" } ?? "") },
            ].compactMap(\.self)
            for part in place { lines += wrapped(part, indent: 17, mark: "") }
        }
        if total > shown { lines += wrapped("and \(total - shown) more", indent: 15, mark: "") }
        if invariant.explainedTotal > 0 {
            lines += wrapped("\(invariant.explainedTotal) explained", indent: 15, mark: "")
        }
        for note in invariant.notes { lines += wrapped(note, indent: 15, mark: "") }
        return lines
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// Breaks at spaces; a word longer than a line stands alone on one.
    private static func wrapped(_ text: String, indent: Int, mark: String) -> [String] {
        var lines: [String] = []
        var line = String(repeating: " ", count: indent) + mark
        let continuation = String(repeating: " ", count: indent + mark.count)
        var isEmpty = true
        for word in text.split(whereSeparator: \.isWhitespace) {
            if !isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = continuation
                isEmpty = true
            }
            line += isEmpty ? String(word) : " " + word
            isEmpty = false
        }
        lines.append(line)
        return lines
    }
}
