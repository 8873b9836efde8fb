#if MUTANTS
    import Foundation

    /// Deliberate mistakes, for the bug bank alone: each must be caught by the test that `Tests/mutants.tsv` names.
    ///
    /// Compiled only with `-DMUTANTS`; a test proves that programs built otherwise hold none of it. One is chosen for a
    /// run by `STAMPEDE_MUTANT=name`.
    enum Mutant: String, CaseIterable {
        case syncRemoved
        case publishedBeforeSync
        case directorySyncRemoved
        case tailNotTrimmed
        case historyTrimmed
        case sequenceCheckRemoved
        case secondWriterAdmitted
        case checksumIgnored
        case lastFrameNotSyncedAgain

        private static let chosen = ProcessInfo.processInfo.environment["STAMPEDE_MUTANT"]

        var isOn: Bool { rawValue == Self.chosen }
    }
#endif
