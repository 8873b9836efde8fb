#if MUTANTS
    import Foundation

    /// Deliberate mistakes, for the bug bank alone: `Tests/mutants.tsv` says what is wrong with each, and what must catch it.
    ///
    /// Compiled only with `-DMUTANTS`; programs built otherwise hold not even their names, which `Scripts/test` checks. One
    /// is chosen for a run by `STAMPEDE_MUTANT=name`. They stand here because every layer that makes one sees this module.
    package enum Mutant: String {
        // The log.
        case syncRemoved
        case syncRetried
        case publishedBeforeSync
        case directorySyncRemoved
        case tailNotTrimmed
        case historyTrimmed
        case sequenceCheckRemoved
        case secondWriterAdmitted
        case checksumIgnored
        case lastFrameNotSyncedAgain
        case databaseLogNotWrittenAgain

        // Delivery.
        case commitsNotSynced
        case positionBeforeEffects
        case duplicateApplied
        case inboxPrunedTooEarly
        case takenEventsForgotten
        case savepointRestoresRowsAlone
        case siblingsShareAnID
        case markedBeforeAppend
        case outageCountedAsAttempt
        case attemptsForgotten
        case laterEventOvertakes
        case followersLeftParked
        case deadLetterForgottenAtStart
        case deadLetterWithoutRow
        case deadLetterUnannounced
        case trapNotCounted
        case callBeforeCommit
        case openCallsForgotten
        case answerCountedTwice
        case breakerByWallClock
        case dueTimeNotBounded
        case ageByWallClock

        // The services.
        case checkoutKeyIgnored
        case otherBodyAccepted
        case shortagesIgnored
        case reservationRepeated
        case stockReleasedTwice
        case newKeyOnRetry
        case unknownTakenForDeclined
        case refusalNotVoided
        case voidNotAsked
        case expiryIgnored
        case refundNotAsked
        case earlyCancellationForgotten
        case settledBeforeDelivered
        case mailSentAgain
        case mailNotSyncedAgain
        case alertWaits
        case revenueCountedTwice
        case refundKeptAsRevenue
        case stuckBeforeCaughtUp

        // What the programs are made of besides.
        case trapBetweenEventsCounted
        case serverErrorTakenForRefusal
        case nothingRedacted
        case orderTokenNotAsked
        case operatorTokenNotAsked

        /// Nil where none is chosen. A name that there is not stops the process: it would test nothing.
        private static let chosen = ProcessInfo.processInfo.environment["STAMPEDE_MUTANT"].map { name in
            guard let mutant = Mutant(rawValue: name) else { preconditionFailure("there is no mutant \(name)") }
            return mutant
        }

        package var isOn: Bool { self == Self.chosen }
    }
#endif
