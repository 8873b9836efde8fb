import ArgumentParser
import CommandArguments
import Contracts

/// `--watch` and its interval.
struct WatchOptions: ParsableArguments {
    @Flag(help: "Go on until Ctrl-C, every interval anew; with --json a line each time.")
    var watch = false

    @Option(within: 0.1...3600, help: "Seconds from one reading to the next.")
    var interval = 1.0

    /// Shows once, or again and again.
    ///
    /// - Parameter show: whether nothing stood in its way; else the exit code is 1.
    func run(beginsAfterInterval: Bool = false, _ show: (Screen) throws -> Bool) throws {
        let screen = Screen(isWatching: watch)
        let alarm = Alarm()
        var isWhole = true
        if beginsAfterInterval { alarm.wait(seconds: interval) }
        while !alarm.isEnded {
            isWhole = try show(screen)
            guard watch else { break }
            alarm.wait(seconds: interval)
        }
        if !isWhole { throw ExitCode.failure }
    }
}

/// Where a table is shown once, or in the place of the one before.
struct Screen {
    let output = Output()
    let isWatching: Bool

    /// Cursor home, and everything from there on cleared (ECMA-48).
    private static let clear = "\u{1B}[H\u{1B}[J"

    func show(lines: [String], json: JSONValue?, problems: [String]) throws {
        if let json {
            output.line(try isWatching ? json.line() : json.document())
        } else if isWatching, let height = output.height {
            // One line less than there are: the cursor stands on the last one, and must not scroll the first one away.
            let noted = problems.flatMap { TerminalText.wrapped("Problem: " + TerminalText.safe($0), to: output.width) }
            output.raw(Self.clear)
            output.lines(Self.screenful(noted.map { output.style.paint($0, .bad) } + lines, height: height - 1))
            output.flush()
            return
        } else {
            output.lines(lines)
            if isWatching { output.line() }
        }
        output.flush()
        for problem in problems { Talk.problem(problem) }
    }

    /// The first lines, with a word on how many there are not room for.
    static func screenful(_ lines: [String], height: Int) -> [String] {
        guard lines.count > height else { return lines }
        return lines.prefix(height - 1) + [
            "… \(lines.count - height + 1) more lines: leave out --watch, or make the window larger"
        ]
    }
}
