/// Rows in aligned columns, within a width.
struct Table {
    enum Alignment {
        case left, right
    }

    struct Column {
        let title: String
        var alignment = Alignment.left
        /// Gives way first where the table is too wide.
        var isFlexible = false
    }

    struct Cell: ExpressibleByStringInterpolation {
        let text: String
        var paint: Style.Paint?

        init(_ text: String, _ paint: Style.Paint? = nil) {
            self.text = TerminalText.safe(text)
            self.paint = paint
        }

        init(stringLiteral value: String) {
            self.init(value)
        }
    }

    let columns: [Column]
    var rows: [[Cell]] = []
    private static let gap = "  "
    private static let narrowest = 4

    init(_ columns: [Column]) {
        self.columns = columns
    }

    mutating func add(_ cells: [Cell]) {
        precondition(cells.count == columns.count, "a cell a column")
        rows.append(cells)
    }

    func lines(width: Int, style: Style, hasTitles: Bool = true) -> [String] {
        let widths = self.widths(within: width, hasTitles: hasTitles)
        let titles = columns.map { Cell($0.title, .faint) }
        return ((hasTitles ? [titles] : []) + rows).map { row in line(row, widths, style) }
    }

    private func line(_ row: [Cell], _ widths: [Int], _ style: Style) -> String {
        var line = ""
        var owed = ""  // blanks that are not written at the end of a line
        for (index, cell) in row.enumerated() {
            let text = TerminalText.fitted(cell.text, to: widths[index])
            let padding = String(repeating: " ", count: widths[index] - TerminalText.width(text))
            if columns[index].alignment == .right { owed += padding }
            if !text.isEmpty {
                line += owed + style.paint(text, cell.paint)
                owed = ""
            }
            if columns[index].alignment == .left { owed += padding }
            owed += Self.gap
        }
        return line
    }

    private func widths(within limit: Int, hasTitles: Bool) -> [Int] {
        var widths = columns.indices.map { index in
            rows.reduce(hasTitles ? TerminalText.width(columns[index].title) : 0) {
                max($0, TerminalText.width($1[index].text))
            }
        }
        func excess() -> Int { widths.reduce(0, +) + Self.gap.count * (widths.count - 1) - limit }
        let givingWay = [columns.indices.filter { columns[$0].isFlexible }, Array(columns.indices)]
        for candidates in givingWay {
            while excess() > 0, let widest = candidates.max(by: { widths[$0] < widths[$1] }),
                widths[widest] > Self.narrowest
            {
                widths[widest] = max(Self.narrowest, widths[widest] - excess())
            }
        }
        return widths
    }
}
