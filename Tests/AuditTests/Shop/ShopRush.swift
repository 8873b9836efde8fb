import Contracts
import Foundation
import GRDB

// The same steps, many in one transaction, so that a large shop is there in seconds.

extension Shop {
    /// Runs until nothing is left to do, batch by batch.
    func rush() throws {
        var didWork = true
        while didWork {
            didWork = false
            for service in ServiceName.allCases {
                for topic in Self.topics(of: service) where try consumeAll(service, topic: topic) { didWork = true }
                if try answerAll(service) { didWork = true }
                if try publish(service) { didWork = true }
            }
        }
    }

    private func consumeAll(_ service: ServiceName, topic: Topic) throws -> Bool {
        guard let (_, first) = try next(service, topic), let events = log[topic] else { return false }
        let last = Place(topic: topic, offset: UInt64(events.count - 1))
        try transact(service, consuming: last) { db, made in
            for (index, event) in events[Int(first.offset)...].enumerated() where try handle(service, event, db, &made)
            {
                try markApplied(event.id, Place(topic: topic, offset: first.offset + UInt64(index)), db)
            }
        }
        return true
    }

    private func answerAll(_ service: ServiceName) throws -> Bool {
        let mine = books.calls.indices.filter { books.calls[$0].service == service }
        guard !mine.isEmpty else { return false }
        for index in mine { try answer(index) }
        let answered = mine.map { books.calls[$0] }
        books.calls.removeAll { $0.service == service }
        try transact(service) { db, made in
            for call in answered {
                try db.execute(sql: "UPDATE intents SET state = 'finished' WHERE key = ?", arguments: [call.key])
                try call.settle?(self, db, &made)
            }
        }
        return true
    }
}
