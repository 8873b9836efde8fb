/// Rows in aligned columns. On a terminal they are made to fit its width; in a pipe or a file every row is whole.
///
/// *Guarantee*: only a flexible column is ever cut. Where that is not enough, titles are stacked, gaps are narrowed, and the
/// last column goes to a line of its own. *If broken*: a topic or an id is cut where somebody wants to copy it.
struct Table {
    enum Alignment {
        case left, right
    }

    struct Column {
        let title: String
        /// The title on several lines, for a table that is too wide.
        var stacked: [String]?
        var alignment = Alignment.left
        /// Sentences, not keys or figures: may be cut.
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
    /// Sentences on a line of their own below a row, by the row's index.
    private var notes: [Int: Cell] = [:]
    /// Columns that a flexible column keeps beside others, before they give way.
    private static let narrowest = 16
    private static let indent = "  "

    init(_ columns: [Column]) {
        self.columns = columns
    }

    mutating func add(_ cells: [Cell], below note: Cell? = nil) {
        precondition(cells.count == columns.count, "a cell a column")
        notes[rows.count] = note
        rows.append(cells)
    }

    func lines(width: Int, style: Style, hasTitles: Bool = true) -> [String] {
        let layout = layout(within: style.cutsRows ? width : .max, hasTitles: hasTitles)
        let titles = hasTitles ? self.titles(isStacked: layout.isStacked) : []
        return titles.map { line($0.map { Cell($0, .faint) }, layout, style) }
            + rows.enumerated().flatMap { index, row in
                let last = layout.hasLastBelow ? row.last : nil
                return [line(row, layout, style)]
                    + [(last, columns.last?.isFlexible ?? true), (notes[index], true)].compactMap { cell, isFlexible in
                        guard let cell, !cell.text.isEmpty else { return nil }
                        let text = isFlexible ? style.fitted(cell.text, to: width - Self.indent.count) : cell.text
                        return Self.indent + style.paint(text, cell.paint)
                    }
            }
    }

    private func titles(isStacked: Bool) -> [[String]] {
        guard isStacked else { return [columns.map(\.title)] }
        let height = columns.map { $0.stacked?.count ?? 1 }.max() ?? 1
        return (0..<height).map { line in
            columns.map { column in
                let words = column.stacked ?? [column.title]
                // At the bottom, where the figures begin.
                let index = line - (height - words.count)
                return words.indices.contains(index) ? words[index] : ""
            }
        }
    }

    private func line(_ row: [Cell], _ layout: Layout, _ style: Style) -> String {
        var line = ""
        var owed = ""  // blanks that are not written at the end of a line
        for (index, cell) in row.enumerated() where index < layout.widths.count {
            let text = TerminalText.fitted(cell.text, to: layout.widths[index])
            let padding = String(repeating: " ", count: layout.widths[index] - TerminalText.width(text))
            if columns[index].alignment == .right { owed += padding }
            if !text.isEmpty {
                line += owed + style.paint(text, cell.paint)
                owed = ""
            }
            if columns[index].alignment == .left { owed += padding }
            owed += String(repeating: " ", count: layout.gap)
        }
        return line
    }

    // MARK: - Layout

    private struct Layout {
        var widths: [Int]
        var gap: Int
        var isStacked: Bool
        /// Whether the last column has lines of its own.
        var hasLastBelow = false

        func excess(over limit: Int) -> Int { widths.reduce(0, +) + gap * (widths.count - 1) - limit }
    }

    private func layout(within limit: Int, hasTitles: Bool) -> Layout {
        var layout = Layout(widths: [], gap: 2, isStacked: false)
        for (gap, isStacked) in [(2, false), (2, true), (1, true)] {
            layout = Layout(
                widths: widths(hasTitles: hasTitles, isStacked: isStacked), gap: gap, isStacked: isStacked)
            for index in columns.indices where columns[index].isFlexible {
                let excess = layout.excess(over: limit)
                if excess > 0 {
                    layout.widths[index] = max(min(layout.widths[index], Self.narrowest), layout.widths[index] - excess)
                }
            }
            if layout.excess(over: limit) <= 0 { return layout }
        }
        if layout.widths.count > 1 {
            layout.widths.removeLast()
            layout.hasLastBelow = true
        }
        return layout
    }

    private func widths(hasTitles: Bool, isStacked: Bool) -> [Int] {
        let titles = hasTitles ? self.titles(isStacked: isStacked) : []
        return columns.indices.map { index in
            max(
                titles.reduce(0) { max($0, TerminalText.width($1[index])) },
                rows.reduce(0) { max($0, TerminalText.width($1[index].text)) })
        }
    }
}
