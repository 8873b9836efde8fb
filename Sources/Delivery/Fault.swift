import Contracts
import EventLog
import GRDB

/// What is wrong with an event itself, as a handler says it.
package enum EventFault: Error, Equatable, CustomStringConvertible {
    /// The event contradicts what the service knows; no retry heals it.
    case brokenRule(String)
    /// The bytes are no event, or no data of their type.
    case undecodable(String)
    /// A version that this program does not know.
    case unknownVersion(String)

    package var description: String {
        switch self {
        case .brokenRule(let text), .undecodable(let text), .unknownVersion(let text): text
        }
    }
}

/// Whose fault an error is, which says what to do about it.
package enum Fault: Sendable {
    /// The event's, and nothing heals it: a dead letter at once.
    case permanent(kind: String, String)
    /// The event's, perhaps passing: three attempts, then a dead letter.
    case event(kind: String, String)
    /// The event's handler killed the process: three deaths, then a dead letter.
    case trap(deaths: Int, String)
    /// Disk, database, log, gateway: counts no attempt; stand, say so, go on when it can.
    case environment(String)
    /// What is on disk is unknown: the process must end.
    case fatal(String)

    /// The kind of a fault that nobody caught: the handler killed the process.
    package static let trapKind = "trap"

    /// *Guarantee*: nothing is dead-lettered for an outage. *Why*: three attempts pass in a second, a full disk lasts
    /// an hour. *If broken*: every order of that hour lies at the desk.
    ///
    /// The text is kept, shown and mailed: what an error quotes of a customer is taken out here.
    package static func classify(_ error: any Error) -> Fault {
        switch sort(error) {
        case .permanent(let kind, let text): .permanent(kind: kind, Redaction.of(text))
        case .event(let kind, let text): .event(kind: kind, Redaction.of(text))
        case .trap(let deaths, let text): .trap(deaths: deaths, Redaction.of(text))
        case .environment(let text): .environment(Redaction.of(text))
        case .fatal(let text): .fatal(Redaction.of(text))
        }
    }

    private static func sort(_ error: any Error) -> Fault {
        switch error {
        case let fault as EventFault:
            switch fault {
            case .brokenRule: return .permanent(kind: "broken-rule", "\(fault)")
            case .undecodable: return .permanent(kind: "undecodable", "\(fault)")
            case .unknownVersion: return .permanent(kind: "unknown-version", "\(fault)")
            }
        case let error as EventCodingError:
            switch error {
            case .unknownVersion, .malformed: return .permanent(kind: "undecodable", "\(error)")
            case .attributeTooLong, .tooLarge: return .permanent(kind: "too-large", "\(error)")
            }
        case let error as DatabaseError:
            switch error.resultCode {
            case .SQLITE_IOERR, .SQLITE_CORRUPT, .SQLITE_NOTADB:
                return .fatal("\(error)")
            case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_FULL, .SQLITE_NOMEM, .SQLITE_CANTOPEN, .SQLITE_READONLY,
                .SQLITE_PROTOCOL, .SQLITE_INTERRUPT, .SQLITE_ABORT, .SQLITE_PERM, .SQLITE_AUTH, .SQLITE_NOLFS:
                #if MUTANTS
                    if Mutant.outageCountedAsAttempt.isOn { return .event(kind: "database", "\(error)") }
                #endif
                // ABORT: SQLite rolled the transaction back by itself, and a handler swallowed why.
                return .environment("\(error)")
            default:
                return .event(kind: "database-\(error.resultCode.rawValue)", "\(error)")
            }
        case let error as LogError:
            switch error {
            // After a power cut a topic seems shorter than it is until its owner is up again: whoever came first waits.
            case .noSpace, .unreadable, .acknowledgedDataLost: return .environment("\(error)")
            default: return .fatal("\(error)")
            }
        case let error as any EnvironmentFault:
            return error.isFinal ? .fatal("\(error)") : .environment("\(error)")
        default:
            return .event(kind: "\(type(of: error))", "\(error)")
        }
    }
}

extension Fault {
    /// `broken-rule`, `trap`, …; of the event's own faults.
    var kind: String {
        switch self {
        case .permanent(let kind, _), .event(let kind, _): kind
        case .trap: Self.trapKind
        case .environment: "environment"
        case .fatal: "fatal"
        }
    }

    var text: String {
        switch self {
        case .permanent(_, let text), .event(_, let text), .trap(_, let text), .environment(let text), .fatal(let text):
            text
        }
    }
}

/// When to try again.
package struct RetryPolicy: Sendable {
    /// Attempts an event gets, the first included.
    package var attempts = 3
    package var firstDelay = Duration.milliseconds(100)
    package var longestDelay = Duration.seconds(10)
    /// An event that killed the process is tried again after so long, or as soon as nothing has happened for `quiet`:
    /// each further death costs all orders the time of a restart.
    package var trialDelay = Duration.seconds(60)
    package var quiet = Duration.seconds(10)

    package init() {}

    /// No event waits longer than this for its next attempt, but one that killed the process: that waits `trialDelay`.
    package var longestPause: Duration { longestDelay * 1.5 }

    /// Exponential, with jitter of half to one and a half: delay after the `attempt`th failure, from 1.
    package func delay(afterAttempt attempt: Int, _ randomness: any Randomness) -> Duration {
        let doubled = Double(firstDelay.microseconds) * Double(1 << min(attempt - 1, 20))
        let bounded = min(doubled, Double(longestDelay.microseconds))
        return .microseconds(Int64(bounded * (0.5 + randomness.unit())))
    }
}
