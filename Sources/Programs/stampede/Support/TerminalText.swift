/// Text from outside on its way to a terminal.
enum TerminalText {
    /// The text without what a terminal acts on: control characters, direction overrides, invisible marks.
    ///
    /// *Why*: names, addresses and error texts come from strangers. *If broken*: an order can rewrite the operator's
    /// screen, or its title, or what a later paste does.
    static func safe(_ text: some StringProtocol) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return String(text) }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n", "\t", "\r": result.append(" ")
            default: if !isHazardous(scalar) { result.append(scalar) }
            }
        }
        return String(result)
    }

    /// The same for text of several lines, whose line ends stay.
    static func safeLines(_ text: some StringProtocol) -> [String] {
        text.split(omittingEmptySubsequences: false) { $0.isNewline }.map { safe($0) }
    }

    static func isHazardous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
        default: false
        }
    }

    // MARK: - Width

    /// Columns that the text takes.
    static func width(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.unicodeScalars.reduce(0) { $0 + columns($1) }
    }

    /// The text, cut to a width with an ellipsis where it is longer.
    static func fitted(_ text: String, to limit: Int) -> String {
        if width(text) <= limit { return text }
        if limit <= 0 { return "" }
        var result = String.UnicodeScalarView()
        var used = 0
        for scalar in text.unicodeScalars {
            used += columns(scalar)
            if used > limit - 1 { break }
            result.append(scalar)
        }
        return String(result) + "…"
    }

    /// Breaks at spaces; a longer word, such as a path, stays whole.
    static func wrapped(_ text: String, to limit: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ").map(String.init) {
            if !line.isEmpty, width(line) + 1 + width(word) > limit {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? word : " " + word
        }
        if !line.isEmpty || lines.isEmpty { lines.append(line) }
        return lines
    }

    /// 0 for marks that combine, 2 for wide scripts and emoji (after Unicode's EastAsianWidth, in coarse ranges).
    private static func columns(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
