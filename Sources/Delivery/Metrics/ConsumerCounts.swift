/// What a consumer did with the events it read.
package struct ConsumerCounts: Equatable, Sendable {
    /// Applied, retries included.
    package var handled = 0
    /// Of a type that the service does not subscribe to.
    package var skipped = 0
    package var duplicates = 0
    /// Set aside behind an earlier event of their subject.
    package var parked = 0
    /// Attempts that failed and are followed by another.
    package var failed = 0
    package var buried = 0

    package init() {}

    static func += (sum: inout Self, more: Self) {
        sum.handled += more.handled
        sum.skipped += more.skipped
        sum.duplicates += more.duplicates
        sum.parked += more.parked
        sum.failed += more.failed
        sum.buried += more.buried
    }
}
