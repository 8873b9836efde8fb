import CommandLineKit

/// Why an awaited fact is not there yet.
struct WaitingReason {
    enum Cause: String, CaseIterable {
        /// The service never had a database here.
        case neverRan
        /// The event that it follows from is a dead letter.
        case dead
        /// It was given up by an operator.
        case discarded
        /// It failed and waits for its next attempt.
        case parked
        /// It waits behind an earlier event of the order that does.
        case parkedBehind
        /// Decided, in the outbox, not in the log.
        case unpublished
        /// Decided and published, and the log does not hold it.
        case lost
        /// The log ends before what was published to it, or read from it.
        case logCut
        case paused
        /// The service does not run.
        case down
        /// The service's process lives, and gives no answer: stopped, or hung.
        case silent
        /// A part of the service waits for disk, database or log.
        case standing
        /// The consumer has not come to it yet.
        case unread
        /// Calls to the outside wait for the breaker.
        case breakerOpen
        /// The gateway does not run.
        case gatewayDown
        /// A call is under way.
        case callOpen
        /// The message is not delivered.
        case mailOpen
        /// Applied as nothing, because it cannot follow.
        case anomaly
        /// None of these.
        case unexplained
    }

    let cause: Cause
    let text: String
    /// What to type next, in that order.
    let commands: [String]

    init(_ cause: Cause, _ text: String, type commands: String...) {
        self.init(cause, text, commands: commands)
    }

    init(_ cause: Cause, _ text: String, commands: [String]) {
        self.cause = cause
        self.text = CommandHints.completed(text)
        self.commands = commands
    }

    /// The same, said after something else.
    func after(_ words: String) -> WaitingReason { WaitingReason(cause, words + "; " + text, commands: commands) }
}
