import Contracts

/// Where an order's time went, a line an event: dots while its cause lay in the log, blocks while a service worked on it.
struct Waterfall {
    let story: OrderStory

    /// Columns of a bar, at least, and at most.
    private static let widths = 16...80
    private static let gap = 2

    func lines(width: Int, style: Style) -> [String] {
        let steps = story.steps
        guard let start = steps.map(\.start).min(), let last = steps.map(\.end).max() else { return [] }
        let end = story.waits.isEmpty ? last : scaleEnd(start, last)
        var table = Table([
            .init(title: "#", alignment: .right), .init(title: "SERVICE"),
            .init(title: "IN THE LOG", alignment: .right),
            .init(title: "AT WORK", alignment: .right),
        ])
        table.rows = steps.map(row) + story.waits.map(row)
        let left = table.lines(width: width - Self.widths.lowerBound - Self.gap, style: style)
        let used = table.lines(width: width, style: Style(isTerminal: false, environment: [:])).map(TerminalText.width)
        let column = min(used.max() ?? 0, width - Self.widths.lowerBound - Self.gap) + Self.gap
        let bars = Bars(start: start, end: end, width: min(Self.widths.upperBound, width - column))
        let drawn =
            steps.map { bars.bar($0, style) }
            + story.waits.map { bars.bar(from: $0.since ?? start, until: story.time, style) }
        return zip(left, [style.paint(bars.scale, .faint)] + drawn).enumerated().map { index, pair in
            pair.0 + String(repeating: " ", count: max(0, column - min(used[index], column))) + pair.1
        }
    }

    /// What is waited for has no end yet: it gets a quarter of the width, or what it took so far where that is less, so
    /// that a long wait does not press all that happened into one column.
    private func scaleEnd(_ start: Timestamp, _ last: Timestamp) -> Timestamp {
        let now = max(last, story.time)
        return last > start ? min(now, last + (last - start) / 3) : now
    }

    private func row(_ step: OrderStep) -> [Table.Cell] {
        [
            .init("#\(step.event.number)"), .init(step.event.service?.rawValue ?? step.event.topic.name),
            .init(step.waited.map { Words.duration(microseconds: $0) } ?? "-"),
            .init(Words.duration(microseconds: step.worked)),
        ]
    }

    private func row(_ wait: OrderStory.Wait) -> [Table.Cell] {
        let since = wait.since.map { Words.duration(microseconds: max(0, (story.time - $0).microseconds)) }
        return ["…", .init(wait.awaited.service.rawValue), .init(since ?? "-"), "-"]
    }
}

/// Bars on one scale of time.
private struct Bars {
    let start: Timestamp
    let end: Timestamp
    let width: Int

    var scale: String {
        let words = Words.duration(microseconds: (end - start).microseconds)
        return "0" + String(repeating: " ", count: max(1, width - 1 - words.count)) + words
    }

    func bar(_ step: OrderStep, _ style: Style) -> String {
        let (from, taken, to) = (column(step.start), column(step.taken), column(step.end))
        // What took no time is seen all the same, in the last column where it came last.
        let (first, middle) = (min(from, width - 1), min(taken, width - 1))
        let dots = String(repeating: "·", count: max(0, middle - first))
        let blocks = String(repeating: "█", count: max(1, min(to, width) - middle))
        return blank(first) + style.paint(dots, .faint) + style.paint(blocks, .good)
    }

    /// Something that is still waited for.
    func bar(from: Timestamp, until: Timestamp, _ style: Style) -> String {
        let first = min(column(from), width - 1)
        let dots = String(repeating: "·", count: max(0, column(until) - first - 1)) + (until > end ? "→" : "·")
        return blank(first) + style.paint(dots, .warning)
    }

    private func blank(_ count: Int) -> String { String(repeating: " ", count: count) }

    private func column(_ time: Timestamp) -> Int {
        let whole = Double(max(1, (end - start).microseconds))
        let part = Double(max(0, (time - start).microseconds)) / whole
        return Int((min(1, part) * Double(width)).rounded(.down))
    }
}
