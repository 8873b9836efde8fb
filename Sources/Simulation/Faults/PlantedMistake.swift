/// A deliberate mistake at one of the ports, to see that a run finds it: what the code above relies on does not hold.
package enum PlantedMistake: String, CaseIterable, Sendable {
    /// A sync of the log's files returns and has done nothing.
    case logSyncsNothing = "log-syncs-nothing"
    /// A sync of a database or of its write-ahead log does nothing, as with `synchronous=OFF`.
    case databaseSyncsNothing = "database-syncs-nothing"
    /// A sync of a directory does nothing.
    case directorySyncsNothing = "directory-syncs-nothing"
    /// A sync of the mailbox does nothing.
    case mailSyncsNothing = "mail-syncs-nothing"
    /// What a failed sync left in a write-ahead log is taken for committed.
    case logNotWrittenAgain = "log-not-written-again"
    /// Every call to the gateway has an idempotency key of its own.
    case freshKeyEachCall = "fresh-key-each-call"

    /// Whether a sync of the file does nothing.
    func skipsSync(of path: String) -> Bool {
        switch self {
        case .logSyncsNothing: path.hasPrefix("/log/")
        case .databaseSyncsNothing: path.hasPrefix("/db/")
        case .mailSyncsNothing: path.hasPrefix("/mail/")
        default: false
        }
    }
}
