/// The report for a terminal: 80 columns, marks with words, no colour.
package struct AuditText {
    package static let width = 80
    /// Findings shown an invariant; the JSON lists more.
    package static let shown = 10

    private let report: AuditReport

    package init(_ report: AuditReport) {
        self.report = report
    }

    package var lines: [String] {
        var lines = report.invariants.flatMap(Self.lines(of:))
        lines.append("")
        lines.append(
            "\(report.verdict.rawValue)  \(report.orders) orders, \(report.events) events, "
                + "\((report.seconds * 10).rounded() / 10) s  (\(report.dataDirectory))")
        return lines
    }

    private static func lines(of invariant: AuditReport.Invariant) -> [String] {
        let (mark, word) =
            switch invariant.holds {
            case .yes: ("✓", "holds")
            case .no: ("✗", "BROKEN")
            case .unknown: ("?", "unknown")
            }
        let number = String(invariant.id)
        let head =
            "\(mark) \(padded(word, 8)) \(String(repeating: " ", count: 2 - number.count))\(number)  \(invariant.title)"
        let count = "\(invariant.checked) checked"
        var lines =
            head.count + count.count + 2 <= width
            ? [head + String(repeating: " ", count: width - head.count - count.count) + count]
            : [head, String(repeating: " ", count: width - count.count) + count]
        let findings = invariant.holds == .no ? invariant.violations : invariant.waits
        let total = invariant.holds == .no ? invariant.violationsTotal : invariant.waitsTotal
        for finding in findings.prefix(shown) {
            lines += wrapped(finding.message, indent: 15, mark: "- ")
            let place = [
                finding.order.map { "order \($0)" }, finding.event.map { "event \($0)" },
                finding.file.map { file in file + (finding.offset.map { " offset \($0)" } ?? "") },
            ].compactMap(\.self)
            for part in place { lines += wrapped(part, indent: 17, mark: "") }
        }
        if total > shown { lines += wrapped("and \(total - shown) more", indent: 15, mark: "") }
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
