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

    /// Where sentences are broken: the columns of the terminal, or 80 in a pipe or a file, where no row is cut (`Style`).
    let width: Int
    /// Lines of the terminal; `nil` in a pipe or a file.
    let height: Int?
    let style: Style
    let isTerminal: Bool

    init() {
        isTerminal = isatty(STDOUT_FILENO) == 1
        style = Style(isTerminal: isTerminal, environment: ProcessInfo.processInfo.environment)
        let size = isTerminal ? Self.terminalSize() : nil
        width = size?.columns ?? Self.plainWidth
        height = isTerminal ? size?.lines ?? Self.plainHeight : nil
    }

    static let plainWidth = 80
    private static let plainHeight = 24

    /// `nil` for a terminal that does not say, or is too small to be used.
    private static func terminalSize() -> (columns: Int, lines: Int)? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 40, size.ws_row >= 5 else {
            return nil
        }
        return (Int(size.ws_col), Int(size.ws_row))
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

/// How text is shown: cut to the width on a terminal alone; coloured there, and not against the wish of `NO_COLOR`
/// (no-color.org).
struct Style {
    let isColoured: Bool
    let cutsRows: Bool

    init(isTerminal: Bool, environment: [String: String]) {
        cutsRows = isTerminal
        isColoured = isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }

    enum Paint: String {
        case good = "32"
        case bad = "31"
        case warning = "33"
        case faint = "2"
        case strong = "1"
    }

    /// The text, cut to a width on a terminal.
    func fitted(_ text: String, to width: Int) -> String {
        cutsRows ? TerminalText.fitted(text, to: width) : text
    }

    func paint(_ text: String, _ paint: Paint?) -> String {
        guard isColoured, let paint, !text.isEmpty else { return text }
        return "\u{1B}[\(paint.rawValue)m\(text)\u{1B}[0m"
    }
}
