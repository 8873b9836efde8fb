import Contracts
import Foundation
import GRDB

/// What a service has set aside of an order's events, or given up on.
struct DeskRows {
    private(set) var parked: [JSONValue] = []
    private(set) var deadLetters: [JSONValue] = []
    private(set) var actions: [JSONValue] = []
    private(set) var anomalies: [JSONValue] = []

    init(_ ids: TrailIDs, _ db: Database) throws {
        let subject: StatementArguments = [ids.order.description]
        parked = try Evidence.records(db, "SELECT * FROM parked WHERE subject = ? ORDER BY arrival", subject)
        // Open ones by their index; settled ones by the ids that the order's events have.
        deadLetters = try Evidence.records(
            db, "SELECT * FROM dead_letters WHERE subject = ? AND state = 'open'", subject)
        let hasAnomalies = try db.tableExists("anomalies")
        for id in ids.events {
            let argument: StatementArguments = [Data(id.bytes)]
            deadLetters += try Evidence.records(
                db, "SELECT * FROM dead_letters WHERE event_id = ? AND state <> 'open'", argument)
            if hasAnomalies {
                anomalies += try Evidence.records(db, "SELECT * FROM anomalies WHERE event_id = ?", argument)
            }
        }
        deadLetters.sort { ($0["diedAt"]?.text ?? "") < ($1["diedAt"]?.text ?? "") }
        for letter in deadLetters {
            guard let id = letter["eventId"]?.text.flatMap({ EventID($0) }) else { continue }
            actions += try Evidence.records(
                db, "SELECT * FROM dead_letter_actions WHERE event_id = ? ORDER BY number", [Data(id.bytes)])
        }
    }

    /// Where the events lie that are set aside.
    var places: [(topic: Topic, offset: UInt64)] {
        (parked + deadLetters + anomalies).compactMap { row in
            guard let topic = row["topic"]?.text, let offset = row["offset"]?.whole, offset >= 0 else { return nil }
            return (Topic(topic), UInt64(offset))
        }
    }
}
