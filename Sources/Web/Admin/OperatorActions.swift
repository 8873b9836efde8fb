import Delivery
import Foundation

/// What an operator can make every service do: work on its dead letters, pause and resume its consumer, and, where it was
/// started for tests, hand it raw events.
///
/// All but the last are idempotent: after an answer that was lost, the same request can be sent again.
struct OperatorActions: Sendable {
    private let testFaults: Bool
    private let submission: OperatorSubmission

    /// 256 ids, a name and a reason.
    private static let listBytes = 64 * 1024
    /// An event's data, each byte of it an escape at worst.
    private static let editBytes = 512 * 1024
    /// 256 events in base64, of a usual size: whoever has larger ones sends fewer.
    private static let eventsBytes = 32 << 20

    init(
        queue: OperatorQueue, testFaults: Bool, timeLimit: Duration = OperatorSubmission.usualTimeLimit
    ) {
        self.testFaults = testFaults
        submission = OperatorSubmission(queue: queue, timeLimit: timeLimit)
    }

    var all: [AdminAction] {
        [
            action("dead-letters/retry", Self.listBytes, OperatorBody.retry),
            action("dead-letters/discard", Self.listBytes, OperatorBody.discard),
            action("dead-letters/edit", Self.editBytes, OperatorBody.edit),
            action("dead-letters/import", Self.eventsBytes, OperatorBody.importLetters),
            action("pause", Self.listBytes, OperatorBody.pause),
            action("resume", Self.listBytes, OperatorBody.resume),
            action("inject", testFaults ? Self.eventsBytes : Self.listBytes) { [testFaults] body in
                guard testFaults else { throw Problem.noTestFaults }
                return try OperatorBody.inject(body)
            },
        ]
    }

    private func action(
        _ name: String, _ bodyLimit: Int, _ read: @escaping @Sendable (Data) throws -> OperatorRequest
    ) -> AdminAction {
        AdminAction(
            path: "/admin/\(name)", bodyLimit: bodyLimit, waits: true,
            refusals: name == "inject" ? [HTTPOperation.Refusal(403, .testFaultsOff)] : []
        ) { [submission] bytes in
            let request = try read(Data(bytes))
            return OperatorAnswer.json(try await submission.submit(request), to: request)
        }
    }
}

extension Problem {
    static var noTestFaults: Problem {
        Problem(
            403, .testFaultsOff, "Not for production",
            detail: "events are injected only where the service was started with --test-faults")
    }
}
