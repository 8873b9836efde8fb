/// Lines over a common axis, as SVG: told apart by colour and by dashes, with bands where something was missing.
struct LineChart: Sendable {
    struct Line: Sendable {
        var name: String
        /// In the order of x; a gap where y is not known.
        var points: [(x: Double, y: Double?)]
    }

    struct Band: Sendable {
        var name: String
        var from: Double
        var until: Double
    }

    /// One a style in `ReportStyle`.
    static let maximumLines = 6
    private static let (width, height) = (860.0, 300.0)
    private static let (left, right, top, bottom) = (74.0, 14.0, 12.0, 40.0)

    var title: String
    /// In a sentence, for those who do not see it.
    var description: String
    var lines: [Line]
    var bands: [Band] = []
    var scale = Axis.Scale.linear
    var xName: String
    var yName: String

    private var x: Axis {
        let greatest = lines.flatMap { $0.points.map(\.x) }.max() ?? 1
        return Axis(scale, upTo: greatest, pixels: Self.width - Self.left - Self.right)
    }

    private var y: Axis {
        let greatest = lines.flatMap { $0.points.compactMap(\.y) }.max() ?? 1
        return Axis(upTo: max(greatest, 1), pixels: Self.height - Self.top - Self.bottom)
    }

    var markup: Markup {
        """
        <figure>
        <figcaption><h3>\(title)</h3><ul class="legend">\(legend)</ul></figcaption>
        <div class="scroll" tabindex="0" role="group" aria-label="\(title)">
        <svg role="img" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" aria-label="\(description)">
        \(bands.map(drawn))
        \(grid)
        \(lines.prefix(Self.maximumLines).enumerated().map { drawn($0.element, style: $0.offset) })
        </svg>
        </div>
        </figure>
        """
    }

    private var legend: [Markup] {
        lines.prefix(Self.maximumLines).enumerated().map { style, line in
            """
            <li><svg class="key" viewBox="0 0 30 10" aria-hidden="true">\
            <path class="line style\(style)" d="M0 5H30"/></svg>\(line.name)</li>
            """
        } + (bands.isEmpty ? [] : ["<li><span class=\"key band\"></span>a service was not there</li>"])
    }

    private var grid: [Markup] {
        let bottom = Self.height - Self.bottom
        let across = y.ticks.map { tick -> Markup in
            let position = bottom - y.position(tick)
            return """
                <path class="grid" d="M\(pixels(Self.left)) \(pixels(position))H\(pixels(Self.width - Self.right))"/>
                <text class="tick end" x="\(pixels(Self.left - 8))" y="\(pixels(position + 4))">\(Self.label(tick))</text>
                """
        }
        let along = x.ticks.map { tick -> Markup in
            let position = Self.left + x.position(tick)
            return """
                <path class="grid" d="M\(pixels(position)) \(pixels(bottom))v5"/>
                <text class="tick middle" x="\(pixels(position))" y="\(pixels(bottom + 19))">\(Self.label(tick))</text>
                """
        }
        return across + along + [
            "<text class=\"tick end\" x=\"\(pixels(Self.width - Self.right))\" y=\"\(pixels(Self.height - 5))\">\(xName)</text>",
            "<text class=\"tick\" x=\"2\" y=\"\(pixels(Self.height - 5))\">\(yName)</text>",
        ]
    }

    private func drawn(_ line: Line, style: Int) -> Markup {
        var path = ""
        var isDown = false
        for point in line.points {
            guard let value = point.y else {
                isDown = false
                continue
            }
            let place =
                "\(pixels(Self.left + x.position(point.x))) \(pixels(Self.height - Self.bottom - y.position(value)))"
            path += isDown ? "L\(place)" : "M\(place)"
            isDown = true
        }
        return "<path class=\"line style\(style)\" d=\"\(path)\"/>"
    }

    private func drawn(_ band: Band) -> Markup {
        let from = x.position(band.from)
        // However short it was, it is to be seen.
        let width = max(2, x.position(band.until) - from)
        return """
            <rect class="band" x="\(pixels(Self.left + from))" y="\(pixels(Self.top))" width="\(pixels(width))" \
            height="\(pixels(Self.height - Self.top - Self.bottom))"><title>\(band.name)</title></rect>
            """
    }

    private func pixels(_ number: Double) -> String { Figures.fixed(number, 1).replacing(",", with: "") }

    /// As short as the value is round.
    private static func label(_ value: Double) -> String {
        let decimals = (0...3).first { Figures.isRound(value, $0) } ?? 3
        return Figures.fixed(value, decimals)
    }
}
