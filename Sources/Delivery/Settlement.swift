package import Contracts
package import GRDB

extension ServiceNode {
    /// Finishes calls to the outside with their answers, in one transaction: what follows of each is applied and put into
    /// the outbox; what `also` writes goes in with it.
    ///
    /// *Guarantee*: an answer counts once: an intent that is finished already is left alone. *If broken*: a call that was
    /// made again after a crash is told of twice.
    ///
    /// - Parameter notBefore: a time that what follows of an intent must not come before; nil for none.
    package func settle<Answer>(
        _ answered: [(Intent, Answer)],
        notBefore: (Intent) -> Timestamp? = { _ in nil },
        also: (Database) throws -> Void = { _ in },
        _ decide: (Intent, Answer, _ recordedAt: Timestamp, Database) throws -> [Outgoing]
    ) throws {
        try transaction { transaction in
            let finish = try transaction.db.cachedStatement(
                sql: "UPDATE intents SET state = 'finished' WHERE key = ? AND state = 'open'")
            for (intent, answer) in answered {
                try finish.execute(arguments: [intent.key])
                #if MUTANTS
                    guard transaction.db.changesCount == 1 || Mutant.answerCountedTwice.isOn else { continue }
                #else
                    guard transaction.db.changesCount == 1 else { continue }
                #endif
                let stamp = clockHistory.stamp(after: intent.cause.time, at: clockHistory.read())
                let recordedAt = notBefore(intent).map { max($0, stamp) } ?? stamp
                let outgoing = try decide(intent, answer, recordedAt, transaction.db)
                try transaction.carryOut(outgoing, cause: intent.cause, recordedAt: recordedAt)
            }
            try also(transaction.db)
        }
    }
}
