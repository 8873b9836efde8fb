import Contracts
import Foundation
import GRDB

/// 9. Rebuilt from offset 0, each database has the same digest; and each is whole, the gateway's, too (`StorageCheck`).
///
/// The live database may move while its rebuild is made: what decides how far a rebuild goes is read before it, and with
/// the digest after it, and only equal extents are compared.
enum RebuiltTheSame {
    /// Rebuilds of one service while it moves, before the answer is unknown.
    private static let attempts = 3

    static func check(_ evidence: Evidence, rebuilder: (any Rebuilder)?) -> InvariantCheck {
        var check = InvariantCheck(9, "Rebuilt from the log, each database is the same")
        checkStorage(evidence, &check)
        guard let rebuilder else {
            check.waiting("not checked: no rebuilder was given")
            return check
        }
        let services = ServiceName.allCases.filter { service in
            if evidence.services[service] != nil { return true }
            check.waiting("not rebuilt: \(evidence.noDatabase(of: service))", service: service)
            return false
        }
        let databases = evidence.databases
        let outcomes = Parallel.map(services) { service in
            do {
                return try compare(service, databases[service], rebuilder)
            } catch {
                return Outcome.unknown("\(error)")
            }
        }
        for (service, outcome) in zip(services, outcomes) {
            let place = Place(file: "db/\(service.rawValue)/\(service.rawValue).db")
            switch outcome {
            case .same(let rows): check.checked += rows
            case .unknown(let reason): check.waiting(reason, service: service, at: place)
            case .otherSchema(let objects):
                check.broken(
                    "\(service.rawValue): not defined as its program defines it: \(objects.joined(separator: ", "))",
                    service: service,
                    at: place)
            case .different(let live, let rebuilt, let first):
                check.checked += live.rows
                let row = first.map { "; first in \($0.table) \($0.key): live \($0.live), rebuilt \($0.rebuilt)" } ?? ""
                check.broken(
                    "\(service.rawValue): live digest \(live.hex.prefix(16))… (\(live.rows) rows), rebuilt "
                        + "\(rebuilt.hex.prefix(16))… (\(rebuilt.rows) rows)\(row)",
                    order: first?.order, service: service, at: place)
            }
        }
        return check
    }

    /// Each database is whole, whatever its rows say.
    private static func checkStorage(_ evidence: Evidence, _ check: inout InvariantCheck) {
        for name in ServiceName.allCases.map(\.rawValue) + [Evidence.gateway] {
            let place = Place(file: "db/\(name)/\(name).db")
            for damage in evidence.damage[name] ?? [] {
                check.broken("\(name): \(damage)", service: ServiceName(rawValue: name), at: place)
            }
            for doubt in evidence.doubts[name] ?? [] {
                check.waiting("\(name): \(doubt)", service: ServiceName(rawValue: name), at: place)
            }
        }
    }

    private enum Outcome: Sendable {
        case same(rows: Int)
        case different(live: TableDigest, rebuilt: TableDigest, first: RowDifference?)
        /// Tables and indexes whose definitions differ.
        case otherSchema([String])
        case unknown(String)
    }

    private static func compare(
        _ service: ServiceName, _ live: EvidenceDatabase, _ rebuilder: any Rebuilder
    ) throws -> Outcome {
        for _ in 1...attempts {
            let scratch = try TemporaryDirectory.make("rebuild")
            defer { try? FileManager.default.removeItem(atPath: scratch) }  // private; the system clears what stays
            let before = try live.read { try Extent($0) }
            let rebuilt = try rebuilder.rebuild(service, live: live, into: scratch)
            let outcome = try live.read { liveRows -> Outcome? in
                guard try Extent(liveRows) == before else { return nil }
                return try rebuilt.database.read { rebuiltRows in
                    let others = try Schema(liveRows).differing(from: try Schema(rebuiltRows))
                    if !others.isEmpty { return .otherSchema(others) }
                    let left = try TableDigest(rebuilt.tables, in: liveRows)
                    let right = try TableDigest(rebuilt.tables, in: rebuiltRows)
                    if left == right { return .same(rows: left.rows) }
                    return .different(
                        live: left, rebuilt: right,
                        first: try RowDifference.first(rebuilt.tables, live: liveRows, rebuilt: rebuiltRows))
                }
            }
            if let outcome { return outcome }
        }
        return .unknown("\(service.rawValue) went on while its database was rebuilt, \(attempts) times")
    }

    /// How far a database stands: its positions, its counters, and what is set aside.
    private struct Extent: Equatable {
        let rows: [String]

        init(_ db: Database) throws {
            rows = try String.fetchAll(
                try db.cachedStatement(
                    sql: """
                        SELECT 'position ' || topic || ' ' || next_offset FROM consumer_positions
                        UNION ALL SELECT 'counter ' || topic || ' ' || next_sequence FROM outbox_topics
                        UNION ALL SELECT 'parked ' || hex(event_id) FROM parked
                        UNION ALL SELECT 'dead ' || hex(event_id) || ' ' || state || ' ' || coalesce(hex(corrected), '')
                            FROM dead_letters
                        UNION ALL SELECT 'injected ' || topic || ' ' || sequence FROM injected
                        ORDER BY 1
                        """))
        }
    }

    /// The definitions of a database's tables and indexes, by name.
    private struct Schema {
        let definitions: [String: String]

        init(_ db: Database) throws {
            var definitions: [String: String] = [:]
            try db.forEachRow("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL") { row in
                let (type, name, sql): (String, String, String) = (row[0], row[1], row[2])
                let words = sql.split { $0.isWhitespace }.joined(separator: " ")
                // After ALTER TABLE … RENAME the name is quoted.
                definitions["\(type) \(name)"] = words.replacing("\"", with: "")
            }
            self.definitions = definitions
        }

        /// What is there in both, and defined otherwise. What is missing, `StorageCheck` names.
        func differing(from other: Schema) -> [String] {
            definitions.filter { name, sql in other.definitions[name].map { $0 != sql } ?? false }.keys.sorted()
        }
    }
}
