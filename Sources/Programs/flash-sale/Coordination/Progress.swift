import Foundation

/// One look at a run under way.
struct ProgressState: Sendable, Equatable {
    var seconds: Double
    var tally: Tally
    /// Of those accepted: an outcome may be in the log before its shopper has the answer.
    var settled: Int

    /// One line, 80 columns at most.
    var line: String {
        let settled = min(settled, tally.accepted)
        let inFlight = tally.accepted - settled
        let parts = [
            Figures.seconds(seconds).leftPadded(to: 7, with: " "),
            "sent \(Figures.grouped(tally.sent))",
            "accepted \(Figures.grouped(tally.accepted))",
            "settled \(Figures.grouped(settled))",
            "in flight \(Figures.grouped(inFlight))",
        ]
        let wide = parts.joined(separator: "  ")
        return wide.count <= ProgressDisplay.width
            ? wide : String(parts.joined(separator: " ").prefix(ProgressDisplay.width))
    }
}

/// Shows progress on standard error: one line that is redrawn on a terminal, a line a second elsewhere.
struct ProgressDisplay: Sendable {
    static let width = 80

    let redraws: Bool
    let bold: Bool

    init(environment: [String: String] = ProcessInfo.processInfo.environment, isTerminal: Bool = isatty(2) == 1) {
        redraws = isTerminal && environment["TERM"] != "dumb"
        bold = redraws && (environment["NO_COLOR"] ?? "").isEmpty
    }

    func show(_ state: ProgressState) {
        Self.write(redraws ? "\r\u{1B}[K" + emphasised(state.line) : state.line + "\n")
    }

    /// A lasting line.
    func say(_ text: String) {
        Self.write((redraws ? "\r\u{1B}[K" : "") + text + "\n")
    }

    func end() {
        if redraws { Self.write("\r\u{1B}[K") }
    }

    private func emphasised(_ line: String) -> String {
        bold ? "\u{1B}[1m\(line.prefix(7))\u{1B}[0m\(line.dropFirst(7))" : line
    }

    private static func write(_ text: String) {
        // Progress that nobody can see is no reason to stop a sale.
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
