import Delivery
import HTTPTypes

/// Passes an operator's request to the consumer, and waits for what came of it within a time limit.
struct OperatorSubmission: Sendable {
    let queue: OperatorQueue
    let timeLimit: Duration

    static let usualTimeLimit = Duration.seconds(30)
    private static let retryAfterSeconds = 1

    /// - Throws: `Problem`.
    func submit(_ request: OperatorRequest) async throws -> OperatorReply {
        // Not a child task: who stops waiting cannot take the request back, and must not wait for it either.
        let (answers, answer) = AsyncStream<Result<OperatorReply, any Error>>.makeStream()
        Task { [queue] in
            do {
                answer.yield(.success(try await queue.submit(request)))
            } catch {
                answer.yield(.failure(error))
            }
        }
        let alarm = Task { [timeLimit] in
            try await Task.sleep(for: timeLimit)
            answer.finish()
        }
        defer { alarm.cancel() }
        for await result in answers { return try reply(result) }
        try Task.checkCancellation()
        throw Problem.stillUnderWay(request, after: timeLimit, retryAfterSeconds: Self.retryAfterSeconds)
    }

    private func reply(_ result: Result<OperatorReply, any Error>) throws -> OperatorReply {
        do {
            return try result.get()
        } catch let refusal as OperatorRefusal {
            throw Problem(422, .refused, "Refused", detail: "\(refusal)")
        } catch let unavailable as CommandUnavailable {
            throw Problem.unavailable("\(unavailable)", retryAfterSeconds: Self.retryAfterSeconds)
        }
    }
}

extension Problem {
    static func stillUnderWay(_ request: OperatorRequest, after limit: Duration, retryAfterSeconds: Int) -> Problem {
        let advice =
            if case .inject = request {
                "Look whether the events come before you send them again"
            } else {
                "Send the same request again: what was done by then is not done twice"
            }
        var problem = Problem(
            503, .stillUnderWay, "Not yet",
            detail: "the consumer did not come to it within \(limit); it may still do so. \(advice)")
        problem.headers = [(.retryAfter, String(retryAfterSeconds))]
        return problem
    }
}
