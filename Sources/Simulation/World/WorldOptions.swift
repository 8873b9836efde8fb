package import Contracts

/// What a run is made of, besides its seed.
package struct WorldOptions: Sendable {
    package static let usualOrders = 30
    package static let usualSpan = Duration.seconds(30)

    package var seed: UInt64
    package var orders = Self.usualOrders
    /// How long things go wrong, in virtual time.
    package var span: Duration
    /// Until everything must have come to its end after that, in virtual time.
    package var patience = Duration.seconds(3600)
    package var plan: FaultPlan
    /// A mistake that the run should find; nil for none.
    package var planted: PlantedMistake?
    /// Whether the trace keeps words.
    package var isTold = false
    /// Whether the evidence is judged once more while things still go wrong: every fourth seed, for it takes as long as
    /// all the rest.
    package var isJudgedMidway: Bool

    /// - Parameter plan: nil for the one that follows from the seed.
    package init(seed: UInt64, span: Duration = Self.usualSpan, kinds: Set<FaultKind> = Set(FaultKind.allCases)) {
        self.seed = seed
        self.span = span
        plan = FaultPlan(seed: seed, kinds: kinds, span: span)
        isJudgedMidway = seed % 4 == 0
    }
}

/// Judges the evidence that a run leaves in a directory: the audit, in the programs.
package protocol Judge: Sendable {
    func judge(_ evidence: ExportedEvidence) throws -> Judgement
}

/// What a judge found.
package struct Judgement: Sendable, Equatable {
    package struct Finding: Sendable, Equatable {
        package let invariant: Int
        package let order: String?
        package let message: String

        package init(invariant: Int, order: String?, message: String) {
            self.invariant = invariant
            self.order = order
            self.message = message
        }
    }

    package let verdict: Verdict
    /// What is broken, or not known.
    package let findings: [Finding]

    package init(verdict: Verdict, findings: [Finding]) {
        self.verdict = verdict
        self.findings = findings
    }
}

/// Why a run failed.
package struct Violation: Sendable, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// The audit found an invariant broken.
        case invariant
        /// Work was left over when it should have come to its end.
        case liveness
        /// A service will not start again, or a part of it ended for no fault of the world's.
        case refusal
        /// Rot on the disk that nobody noticed.
        case rotUnnoticed = "rot-unnoticed"
    }

    package let kind: Kind
    package let text: String
    /// The order concerned, where it is about one.
    package var order: String?

    package var description: String { "\(kind.rawValue): \(text)" }
}
