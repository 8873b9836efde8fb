import EventLog
import Synchronization

@testable import Delivery

/// Takes operators' requests as the consumer does, and answers what the test says.
final class FakeConsumer: Sendable {
    let queue: OperatorQueue
    private let bell = Doorbell()
    private let requests = Mutex<[OperatorRequest]>([])
    private let reply: @Sendable (OperatorRequest) throws -> OperatorReply

    init(_ reply: @escaping @Sendable (OperatorRequest) throws -> OperatorReply) {
        queue = OperatorQueue(bell: bell)
        self.reply = reply
    }

    var seen: [OperatorRequest] { requests.withLock { $0 } }

    func run() async {
        while !Task.isCancelled {
            for waiting in queue.take() {
                requests.withLock { $0.append(waiting.request) }
                waiting.continuation.resume(with: Result { try reply(waiting.request) })
            }
            await bell.wait()
        }
        queue.close("the service is stopping")
    }
}
