package import Contracts
import EventLog
package import GRDB
import Logging
import Synchronization

/// What a command comes to: an answer, and the events that it makes.
package struct CommandDecision<Reply: Sendable>: Sendable {
    package let reply: Reply
    /// Nil where nothing happens: the same command came before.
    package let command: Command?
    package let outgoing: [Outgoing]

    package init(reply: Reply, command: Command? = nil, outgoing: [Outgoing] = []) {
        self.reply = reply
        self.command = command
        self.outgoing = outgoing
    }
}

/// A service's answer to one kind of command: reads, decides, writes nothing itself.
package protocol CommandHandler<Request, Reply>: Sendable {
    associatedtype Request: Sendable
    associatedtype Reply: Sendable

    /// - Throws: a refusal, which goes to whoever asked; nothing of the command remains.
    func decide(_ request: Request, at now: Timestamp, in db: Database) throws -> CommandDecision<Reply>
}

/// The command was not carried out and left nothing behind; the same one can be sent again.
package struct CommandUnavailable: Error, CustomStringConvertible {
    package let reason: String

    package init(reason: String) {
        self.reason = reason
    }

    package var description: String { "not carried out: \(reason)" }
}

/// Where a callback runs: an event loop.
package protocol CallbackExecutor: AnyObject, Sendable {
    func execute(_ body: @escaping @Sendable () -> Void)
}

/// Carries out commands with group commit: what arrives while a transaction runs goes into the next one.
///
/// *Guarantee*: `submit` returns after the commit. Bounded: a full queue refuses at once. *If broken*: a customer holds an
/// order number that the shop does not know.
package final class CommandQueue<Handler: CommandHandler>: Sendable {
    package typealias Answer = Result<Handler.Reply, any Error>

    private enum Asker {
        case task(CheckedContinuation<Handler.Reply, any Error>)
        case callback(any CallbackExecutor, @Sendable (Answer) -> Void)
    }

    private struct Waiting {
        let request: Handler.Request
        let asker: Asker
    }

    private struct State {
        var waiting = Fifo<Waiting>()
        var closedBecause: String?
    }

    private let node: ServiceNode
    private let handler: Handler
    private let limit: Int
    private let state = Mutex(State())
    private let bell = Doorbell()

    /// Commands a transaction.
    private static var batchCommands: Int { 512 }

    package init(node: ServiceNode, limit: Int, handler: Handler) {
        self.node = node
        self.handler = handler
        self.limit = limit
    }

    /// Commands that wait for their transaction.
    package var waiting: Int { state.withLock { $0.waiting.count } }

    /// - Throws: the handler's refusal, or `CommandUnavailable`.
    package func submit(_ request: Handler.Request) async throws -> Handler.Reply {
        try await withCheckedThrowingContinuation { continuation in
            if let refusal = enqueue(request, .task(continuation)) { continuation.resume(throwing: refusal) }
        }
    }

    /// The same without a task: `completion` is called once, on `executor`; those of one transaction in one turn of it.
    package func submit(
        _ request: Handler.Request, on executor: any CallbackExecutor,
        completion: @escaping @Sendable (Answer) -> Void
    ) {
        if let refusal = enqueue(request, .callback(executor, completion)) {
            executor.execute { completion(.failure(refusal)) }
        }
    }

    /// Nil if the request waits now.
    private func enqueue(_ request: Handler.Request, _ asker: Asker) -> CommandUnavailable? {
        let refusal = state.withLock { state -> String? in
            if let reason = state.closedBecause { return reason }
            guard state.waiting.count < limit else { return "\(limit) commands are waiting already" }
            state.waiting.append(Waiting(request: request, asker: asker))
            return nil
        }
        if let refusal { return CommandUnavailable(reason: refusal) }
        bell.ring()
        return nil
    }

    /// Runs until cancelled or a fatal fault; whoever waits then is refused.
    package func run() async throws {
        do {
            while !Task.isCancelled {
                if try !turn() { await bell.wait() }
                await Task.yield()
            }
            close("the service is stopping")
        } catch {
            close("the service has failed")
            throw error
        }
    }

    /// One transaction of commands; false where none waits.
    ///
    /// - Throws: only fatal faults.
    package func turn() throws -> Bool {
        let batch = state.withLock { $0.waiting.take(Self.batchCommands) }
        guard !batch.isEmpty else { return false }
        let (answers, outage) = carryOut(batch)
        deliver(answers, to: batch)
        node.metrics.commands(batch.count)
        if let outage {
            node.logger.error("commands were not carried out", metadata: ["error": "\(outage)"])
            if case .fatal = Fault.classify(outage) { throw outage }
        }
        return true
    }

    /// One hop to an executor for all of a batch that belong there.
    private func deliver(_ answers: [Answer], to batch: [Waiting]) {
        var callbacks: [(completion: @Sendable (Answer) -> Void, answer: Answer)] = []
        var executor: (any CallbackExecutor)?
        func flush() {
            guard !callbacks.isEmpty else { return }
            executor?.execute { [callbacks] in for (completion, answer) in callbacks { completion(answer) } }
            callbacks = []
        }
        for (waiting, answer) in zip(batch, answers) {
            switch waiting.asker {
            case .task(let continuation): continuation.resume(with: answer)
            case .callback(let other, let completion):
                if other !== executor { flush() }
                executor = other
                callbacks.append((completion, answer))
            }
        }
        flush()
    }

    /// All in one transaction; if one breaks it after its decision, each in its own. An answer a command, whatever happens;
    /// after an outage the rest is not even tried, for each might wait as long for the same disk.
    private func carryOut(_ batch: [Waiting]) -> (answers: [Answer], outage: (any Error)?) {
        do {
            let answers = try node.transaction { transaction in
                try batch.map { try decide($0, transaction) }
            }
            return (answers, nil)
        } catch let error where error.isOutage {
            return (batch.map { _ in .failure(CommandUnavailable(reason: "\(error)")) }, error)
        } catch let error where batch.count == 1 {
            return ([.failure(error)], nil)
        } catch {
            var answers: [Answer] = []
            var outage: (any Error)?
            for waiting in batch {
                if let outage {
                    answers.append(.failure(CommandUnavailable(reason: "\(outage)")))
                } else {
                    let one = carryOut([waiting])
                    answers += one.answers
                    outage = one.outage
                }
            }
            return (answers, outage)
        }
    }

    private func decide(_ waiting: Waiting, _ transaction: DeliveryTransaction) throws -> Answer {
        let decision: CommandDecision<Handler.Reply>
        do {
            decision = try handler.decide(waiting.request, at: node.clock.now(), in: transaction.db)
        } catch let error where !error.isOutage {
            return .failure(error)  // a refusal: decide only reads, so nothing is to be undone
        }
        if let command = decision.command { try transaction.carryOut(decision.outgoing, command: command) }
        return .success(decision.reply)
    }

    private func close(_ reason: String) {
        let left = state.withLock { state -> [Waiting] in
            state.closedBecause = reason
            return state.waiting.take(state.waiting.count)
        }
        deliver(left.map { _ in .failure(CommandUnavailable(reason: reason)) }, to: left)
    }
}

extension Error {
    /// A fault of disk, database or log, not of what was asked.
    var isOutage: Bool {
        switch Fault.classify(self) {
        case .environment, .fatal: true
        case .event, .permanent, .trap: false
        }
    }
}
