package import EventLog
import Synchronization

/// Requests of operators on their way to the consumer, which carries them out.
///
/// Bounded: one more is refused at once. *Why through the consumer*: parking lives in its memory, and one writer decides.
package final class OperatorQueue: Sendable {
    struct Waiting {
        let request: OperatorRequest
        let continuation: CheckedContinuation<OperatorReply, any Error>
    }

    private struct State {
        var waiting: [Waiting] = []
        var closedBecause: String?
    }

    private let state = Mutex(State())
    /// The consumer's bell.
    private let bell: Doorbell

    /// Requests that wait at most.
    package static let limit = 64

    package init(bell: Doorbell) {
        self.bell = bell
    }

    /// Returns after the commit.
    ///
    /// - Throws: `CommandUnavailable`, nothing was done; `OperatorRefusal`.
    package func submit(_ request: OperatorRequest) async throws -> OperatorReply {
        try await withCheckedThrowingContinuation { continuation in
            let refusal = state.withLock { state -> String? in
                if let reason = state.closedBecause { return reason }
                guard state.waiting.count < Self.limit else { return "\(Self.limit) requests are waiting already" }
                state.waiting.append(Waiting(request: request, continuation: continuation))
                return nil
            }
            if let refusal {
                continuation.resume(throwing: CommandUnavailable(reason: refusal))
            } else {
                bell.ring()
            }
        }
    }

    func take() -> [Waiting] {
        state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
    }

    /// Carries out what waits, in order; an answer each, whatever happens.
    ///
    /// - Throws: only fatal faults.
    func serve(_ carryOut: (OperatorRequest) throws -> OperatorReply) throws {
        var fatal: (any Error)?
        for waiting in take() {
            if let fatal {
                waiting.continuation.resume(throwing: CommandUnavailable(reason: "\(fatal)"))
                continue
            }
            do {
                waiting.continuation.resume(returning: try carryOut(waiting.request))
            } catch let error where error.isOutage {
                waiting.continuation.resume(throwing: CommandUnavailable(reason: "\(error)"))
                if case .fatal = Fault.classify(error) { fatal = error }
            } catch {
                waiting.continuation.resume(throwing: error)
            }
        }
        if let fatal { throw fatal }
    }

    /// Refuses whoever waits and whoever comes.
    func close(_ reason: String) {
        let left = state.withLock { state -> [Waiting] in
            state.closedBecause = reason
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiting in left { waiting.continuation.resume(throwing: CommandUnavailable(reason: reason)) }
    }
}

/// The request as a whole cannot be carried out; nothing was done.
package struct OperatorRefusal: Error, Equatable, CustomStringConvertible {
    package let reason: String

    package init(_ reason: String) {
        self.reason = reason
    }

    package var description: String { reason }
}
