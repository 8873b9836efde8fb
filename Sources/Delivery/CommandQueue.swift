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

/// Carries out commands with group commit: what arrives while a transaction runs goes into the next one.
///
/// *Guarantee*: `submit` returns after the commit. Bounded: a full queue refuses at once. *If broken*: a customer holds an
/// order number that the shop does not know.
package final class CommandQueue<Handler: CommandHandler>: Sendable {
    private struct Waiting {
        let request: Handler.Request
        let continuation: CheckedContinuation<Handler.Reply, any Error>
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
            let refusal = state.withLock { state -> String? in
                if let reason = state.closedBecause { return reason }
                guard state.waiting.count < limit else { return "\(limit) commands are waiting already" }
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
        for (waiting, answer) in zip(batch, answers) { waiting.continuation.resume(with: answer) }
        node.metrics.commands(batch.count)
        if let outage {
            node.logger.error("commands were not carried out", metadata: ["error": "\(outage)"])
            if case .fatal = Fault.classify(outage) { throw outage }
        }
        return true
    }

    /// All in one transaction; if one breaks it after its decision, each in its own. An answer a command, whatever happens;
    /// after an outage the rest is not even tried, for each might wait as long for the same disk.
    private func carryOut(_ batch: [Waiting]) -> (answers: [Result<Handler.Reply, any Error>], outage: (any Error)?) {
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
            var answers: [Result<Handler.Reply, any Error>] = []
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

    private func decide(_ waiting: Waiting, _ transaction: DeliveryTransaction) throws -> Result<
        Handler.Reply, any Error
    > {
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
        for waiting in left { waiting.continuation.resume(throwing: CommandUnavailable(reason: reason)) }
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
