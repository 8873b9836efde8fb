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
        var waiting: [Waiting] = []
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
        let batch = state.withLock { state -> [Waiting] in
            let batch = state.waiting.prefix(Self.batchCommands)
            state.waiting.removeFirst(batch.count)
            return Array(batch)
        }
        guard !batch.isEmpty else { return false }
        do {
            let answers = try carryOut(batch)
            node.metrics.commands(batch.count)
            for (waiting, answer) in zip(batch, answers) { waiting.continuation.resume(with: answer) }
        } catch {
            try fail(batch, error)
        }
        return true
    }

    /// All in one transaction; if one breaks after its decision, each in its own.
    private func carryOut(_ batch: [Waiting]) throws -> [Result<Handler.Reply, any Error>] {
        do {
            return try node.transaction { transaction in
                try batch.map { try decide($0, transaction) }
            }
        } catch let error where batch.count > 1 && !error.isOutage {
            return try batch.map { waiting in
                do {
                    return try carryOut([waiting])[0]
                } catch let error where !error.isOutage {
                    return .failure(error)
                }
            }
        }
    }

    private func decide(_ waiting: Waiting, _ transaction: DeliveryTransaction) throws -> Result<Handler.Reply, any Error> {
        let decision: CommandDecision<Handler.Reply>
        do {
            decision = try handler.decide(waiting.request, at: node.clock.now(), in: transaction.db)
        } catch let error where !error.isOutage {
            return .failure(error)  // a refusal: decide only reads, so nothing is to be undone
        }
        if let command = decision.command { try transaction.carryOut(decision.outgoing, command: command) }
        return .success(decision.reply)
    }

    private func fail(_ batch: [Waiting], _ error: any Error) throws {
        let fault = Fault.classify(error)
        for waiting in batch {
            if case .event = fault { waiting.continuation.resume(throwing: error); continue }
            if case .permanent = fault { waiting.continuation.resume(throwing: error); continue }
            waiting.continuation.resume(throwing: CommandUnavailable(reason: "\(error)"))
        }
        node.logger.error("commands were not carried out", metadata: ["error": "\(error)", "commands": "\(batch.count)"])
        if case .fatal = fault { throw error }
    }

    private func close(_ reason: String) {
        let left = state.withLock { state -> [Waiting] in
            state.closedBecause = reason
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiting in left { waiting.continuation.resume(throwing: CommandUnavailable(reason: reason)) }
    }
}

extension Error {
    /// A fault of disk, database or log, not of what was asked.
    var isOutage: Bool {
        switch Fault.classify(self) {
        case .environment, .fatal: true
        case .event, .permanent: false
        }
    }
}
