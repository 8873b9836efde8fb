import Contracts

/// What becomes of an event that failed.
enum RetryDecision {
    case tryAgain(Parking.Failure)
    case bury(kind: String, error: String, attempts: Int)
}

/// One attempt that came to nothing.
struct FailedAttempt {
    let number: Int
    let kind: String
    let error: String
}

extension RetryDecision {
    /// The attempt that it was given on.
    func failure(of fault: Fault) -> FailedAttempt {
        let number =
            switch self {
            case .tryAgain(let failure): failure.attempts
            case .bury(_, _, let attempts): attempts
            }
        return FailedAttempt(number: number, kind: fault.kind, error: fault.text)
    }
}

extension RetryPolicy {
    /// - Parameter earlierAttempts: attempts on record; a trap's deaths are counted by themselves.
    func decision(
        _ fault: Fault, earlierAttempts: Int, at now: ClockReading, _ randomness: any Randomness
    ) -> RetryDecision {
        #if MUTANTS
            let earlierAttempts = Mutant.attemptsForgotten.isOn ? 0 : earlierAttempts
        #endif
        switch fault {
        case .permanent(let kind, let error):
            return .bury(kind: kind, error: error, attempts: earlierAttempts + 1)
        case .trap(let deaths, let evidence):
            guard deaths < attempts else { return .bury(kind: Fault.trapKind, error: evidence, attempts: deaths) }
            return .tryAgain(
                Parking.Failure(
                    kind: Fault.trapKind, error: evidence, attempts: deaths, pause: trialDelay, now: now))
        case .event(let kind, let error):
            let made = earlierAttempts + 1
            guard made < attempts else { return .bury(kind: kind, error: error, attempts: made) }
            let pause = delay(afterAttempt: made, randomness)
            return .tryAgain(Parking.Failure(kind: kind, error: error, attempts: made, pause: pause, now: now))
        case .environment, .fatal:
            preconditionFailure("a fault of the environment belongs to no event")
        }
    }
}
