import Contracts
package import Delivery
import GRDB

/// Takes the calls on record to the mail channel, a batch at a time, and settles each batch in one transaction.
///
/// What is open is read from the database and nothing is kept between turns, so memory stays bounded however far the
/// consumer is ahead. Not shared between tasks; its calls block.
package final class MailRunner {
    private let node: ServiceNode
    private let channel: any MailChannel
    private let composer: MailComposer
    /// False until the channel has said what it delivered: at the start, and after any fault.
    private var isReconciled = false

    /// Messages a batch.
    package static let batchMessages = 256

    /// - Parameter operatorAddress: whom alerts are for.
    package init(
        node: ServiceNode, channel: any MailChannel, operatorAddress: String = NotificationService.operatorAddress
    ) throws {
        self.node = node
        self.channel = channel
        composer = try MailComposer(operatorAddress: operatorAddress)
    }

    /// Runs until cancelled or a fatal fault; stands while the channel or the database cannot.
    package func run(_ loops: ServiceLoops) async throws {
        try await loops.run("mail", bell: node.newIntents.bell) { try turn() }
    }

    /// One batch.
    ///
    /// - Throws: faults of the environment (call again later) and fatal ones.
    package func turn() throws -> Consumer.Turn {
        _ = node.newIntents.take()  // only the bell matters: the rows are read below
        if !isReconciled { try reconcile() }
        let batch = try node.database.read { try Intent.open(after: "", limit: Self.batchMessages, $0) }
        guard !batch.isEmpty else { return .idle(until: nil) }
        isReconciled = false
        try deliver(batch)
        isReconciled = true
        return .worked
    }

    // MARK: - Delivering

    private func deliver(_ batch: [Intent]) throws {
        var mails: [OutgoingMail] = []
        var outcomes: [(Intent, Outcome)] = []
        for intent in batch {
            do {
                let mail =
                    try intent.kind == Alert.callKind
                    ? composer.compose(Alert(intent)) : composer.compose(Notice(intent))
                mails.append(mail)
                outcomes.append((intent, .sent(try Self.kind(of: intent), mail.messageID)))
            } catch let fault as EventFault {
                outcomes.append((intent, .failed(try Self.kind(of: intent), fault.description)))
            }
        }
        #if MUTANTS
            if Mutant.settledBeforeDelivered.isOn { try settle(outcomes, mark: nil) }
        #endif
        let refusals = mails.isEmpty ? [:] : try channel.deliver(mails)
        outcomes = outcomes.map { intent, outcome in
            guard case .sent(let kind, let messageID) = outcome, let reason = refusals[messageID] else {
                return (intent, outcome)
            }
            return (intent, .failed(kind, reason))
        }
        try settle(outcomes, mark: channel.mark)
    }

    // MARK: - After a start or a fault

    /// Settles what left before the fault, at most one batch, together with the mark.
    ///
    /// *Guarantee*: what is settled lies below the mark. *If broken*: the next start cuts off messages that nobody would send
    /// again, writes them anew, and a power cut in between loses them.
    private func reconcile() throws {
        try channel.recover(mark: try node.database.read { try NotificationStore.mark(of: channel.name, $0) })
        var left: [(Intent, Outcome)] = []
        var last = ""
        while true {
            let page = try node.database.read { try Intent.open(after: last, limit: Self.batchMessages, $0) }
            left += try page.filter { channel.wasDelivered(Notice.messageID(of: $0.cause.id)) }
                .map { ($0, Outcome.sent(try Self.kind(of: $0), Notice.messageID(of: $0.cause.id))) }
            guard page.count == Self.batchMessages, let key = page.last?.key else { break }
            last = key
        }
        try settle(left, mark: channel.mark)
        isReconciled = true
    }

    // MARK: - Settling

    /// Without a kind where an operator was written to: nothing is said of that on the topic.
    private enum Outcome {
        case sent(NotificationKind?, _ messageID: String)
        case failed(NotificationKind?, _ reason: String)
    }

    private func settle(_ outcomes: [(Intent, Outcome)], mark: Int64?) throws {
        let channel = channel.name
        let mark: (Database) throws -> Void = { db in
            if let mark { try NotificationStore.setMark(mark, of: channel, db) }
        }
        try node.settle(outcomes, also: mark) { intent, outcome, _, _ in
            switch outcome {
            case .sent(let kind?, let messageID):
                [
                    .event(
                        V1.NotificationSent(kind: kind, channel: channel, messageID: messageID), subject: intent.subject
                    )
                ]
            case .failed(let kind?, let reason):
                [.event(V1.NotificationFailed(kind: kind, channel: channel, reason: reason), subject: intent.subject)]
            case .sent(nil, _), .failed(nil, _):
                []
            }
        }
    }

    /// From the key, which is there even where the request cannot be read; nil for an alert.
    private static func kind(of intent: Intent) throws -> NotificationKind? {
        if intent.kind == Alert.callKind { return nil }
        guard let kind = intent.key.split(separator: ":").last.flatMap({ NotificationKind(rawValue: String($0)) })
        else {
            throw EventFault.undecodable("the call \(intent.key) names no kind of notification")
        }
        return kind
    }
}
