import Contracts
import Tracing

/// A call to the outside in a span of its own, which goes to the other side with it.
struct TracedCall<Caller: OutsideCaller>: Sendable {
    let caller: Caller
    let question: Caller.Question
    let intent: Intent
    let node: ServiceNode

    func answer() async -> Result<Caller.Answer, any Error> {
        guard let text = intent.cause.traceparent else { return await asked() }
        let start = node.clock.read()
        guard let call = TraceContext.ofCall(intent, at: start.wall) else { return await asked() }
        let answer = await InstrumentationContext.$current.withValue(InstrumentationContext(call)) { await asked() }
        if TraceContext.isSampled(text) { node.tracing.called(intent, call, since: start, answer) }
        return answer
    }

    private func asked() async -> Result<Caller.Answer, any Error> {
        do {
            return .success(try await caller.ask(question))
        } catch {
            return .failure(error)
        }
    }
}
