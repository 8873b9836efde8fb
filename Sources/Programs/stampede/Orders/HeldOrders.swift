import Contracts
import Delivery
import GRDB

/// Orders of which an event lies dead or waits at a desk.
struct HeldOrders {
    struct Hold {
        let service: ServiceName
        let why: String
    }

    /// By order, the first desk's.
    private(set) var first: [OrderID: Hold] = [:]

    /// Letters and parked events of one desk that are looked at, the newest of them.
    private static let limit = 10_000

    init(_ data: DataDirectory) throws {
        for service in ServiceName.allCases {
            _ = try Evidence.read(data.database(of: service)) { db in
                try add(
                    service, "dead letter",
                    "SELECT subject, error FROM dead_letters WHERE state = 'open' ORDER BY subject DESC LIMIT ?", db)
                try add(
                    service, "parked",
                    "SELECT subject, max(error) AS error FROM parked GROUP BY subject ORDER BY subject DESC LIMIT ?", db
                )
            }
        }
    }

    private mutating func add(_ service: ServiceName, _ what: String, _ sql: String, _ db: Database) throws {
        for row in try Row.fetchAll(db, sql: sql, arguments: [Self.limit]) {
            let cell = Cells(row, of: "the desk of \(service.rawValue)")
            guard let order = OrderID(try cell("subject", as: String.self)), first[order] == nil else { continue }
            let error = try cell("error", as: String?.self) ?? "behind an earlier event"
            first[order] = Hold(service: service, why: "\(what) at \(service.rawValue): \(error)")
        }
    }
}
