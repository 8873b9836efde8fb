import CommandLineKit
import Foundation
import ProcessIO

/// Standard output: buffered, and at its end when the reader is.
///
/// *Guarantee*: a reader that has seen enough (`stampede tail | head -1`) ends the program in silence with exit code 0;
/// any other failure to write ends it with 1 and a word why. Used from one thread.
final class Output {
    private var buffer: [UInt8] = []
    private static let limit = 64 * 1024

    /// Columns of a line: those of the terminal where there is one, else 80.
    let width: Int
    let style: Style
    let isTerminal: Bool

    init() {
        isTerminal = isatty(STDOUT_FILENO) == 1
        style = Style(isTerminal: isTerminal, environment: ProcessInfo.processInfo.environment)
        width = isTerminal ? Self.terminalWidth() : Self.plainWidth
    }

    static let plainWidth = 80

    private static func terminalWidth() -> Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 40 else { return plainWidth }
        return Int(size.ws_col)
    }

    /// A line that is safe already, such as one made by a table.
    func line(_ text: String = "") {
        buffer.append(contentsOf: text.utf8)
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= Self.limit { flush() }
    }

    /// What the terminal shall act on.
    func raw(_ text: String) {
        buffer.append(contentsOf: text.utf8)
    }

    func lines(_ texts: [String]) {
        for text in texts { line(text) }
    }

    func flush() {
        do {
            if try !StandardOutput.write(buffer) { Foundation.exit(0) }
        } catch {
            Talk.say("\(error)")
            Foundation.exit(1)
        }
        buffer.removeAll(keepingCapacity: true)
    }

    static func printWhole(_ text: String) {
        let output = Output()
        output.line(text)
        output.flush()
    }
}

/// Standard error: what is said beside the data.
enum Talk {
    static func say(_ text: String) {
        let safe = TerminalText.safeLines(CommandHints.completed(text)).joined(separator: "\n") + "\n"
        safe.utf8.withContiguousStorageIfAvailable { bytes in
            // Nobody is left to tell where this fails.
            _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }

    /// Something that stands in the way of a whole answer.
    static func problem(_ text: String) {
        say("Problem: \(text)")
    }
}

/// Colour: on a terminal alone, and not against the wish of `NO_COLOR` (no-color.org).
struct Style {
    let isColoured: Bool

    init(isTerminal: Bool, environment: [String: String]) {
        isColoured = isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }

    enum Paint: String {
        case good = "32"
        case bad = "31"
        case warning = "33"
        case faint = "2"
        case strong = "1"
    }

    func paint(_ text: String, _ paint: Paint?) -> String {
        guard isColoured, let paint, !text.isEmpty else { return text }
        return "\u{1B}[\(paint.rawValue)m\(text)\u{1B}[0m"
    }
}
