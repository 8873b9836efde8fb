import Foundation

/// The seeds of a test that plays random histories: a fifth of them, and with `STAMPEDE_HISTORIES=all`, as
/// `Scripts/test --all` sets it, all.
package enum Histories {
    package static func seeds(_ all: UInt64) -> Range<UInt64> {
        0..<(ProcessInfo.processInfo.environment["STAMPEDE_HISTORIES"] == "all" ? all : max(all / 5, 1))
    }
}
