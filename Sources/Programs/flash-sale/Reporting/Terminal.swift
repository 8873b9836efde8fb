import Foundation

/// Where the report is printed.
enum Terminal {
    private static let narrowest = 40

    /// Columns of the terminal that stdout is; `nil` for a pipe or a file.
    static var columns: Int? {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= narrowest else {
            return ReportText.width
        }
        return Int(size.ws_col)
    }
}
