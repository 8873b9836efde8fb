import CommandLineKit
import Contracts
package import Delivery
import EventLog
import FileEventLog
import Foundation
import GRDB
package import ProcessSettings

/// `SERVICE --rebuild-into DIR`: the service's tables made anew from the log, beside the live ones, outputs off.
package struct RebuildRun {
    private let card: ServiceCard
    private let settings: Settings

    package init(card: ServiceCard, settings: Settings) {
        self.card = card
        self.settings = settings
    }

    /// What it prints: where the rebuilt database lies, and which tables must come out the same.
    private struct Outcome: Encodable {
        let service: ServiceName
        let database: String
        let digest: [DigestTable]
    }

    /// One line of JSON.
    package func run(into directory: String) throws -> String {
        try PosixDisk().createDirectory(directory)
        let path = directory + "/\(card.name.rawValue).db"
        guard !FileManager.default.fileExists(atPath: path) else { throw RebuildError.exists(path) }
        let live = DataLayout(settings.dataDirectory).database(of: card.name)
        let extent = try LiveDatabase.read(live) { try Rebuild.Extent(card: card, live: $0) }

        var configuration = Configuration()
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF") }
        let total = extent.positions.values.reduce(extent.ownSequences) { $0.addingReportingOverflow($1).partialValue }
        let progress = ProgressLine()
        defer { progress.end() }
        var events = 0
        let rebuilt = try DatabaseQueue(path: path, configuration: configuration)
        try rebuilt.inDatabase { db in
            try db.inTransaction {
                try Rebuild(card: card, log: ServiceProcess.log(settings, whole: true)).run(
                    into: db, extent: extent,
                    afterTurn: {
                        events += $0
                        progress.show("rebuild: \(events) of \(total) events applied")
                    })
                return .commit
            }
        }
        try rebuilt.close()
        progress.end()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let outcome = Outcome(service: card.name, database: path, digest: card.digest)
        return String(decoding: try encoder.encode(outcome), as: UTF8.self)
    }
}

package enum RebuildError: Error, CustomStringConvertible {
    case exists(String)
    case missing(String)

    package var description: String {
        switch self {
        case .exists(let path): "\(path) is there already; rebuild into an empty directory"
        case .missing(let path): "there is no database \(path); has the service ever run on this data directory?"
        }
    }
}

/// Reads a service's database without leaving a trace beside it.
///
/// While the owner runs, through SQLite's own locks, read-only. Otherwise from a private copy: SQLite would make files
/// beside the original, or have to recover it.
enum LiveDatabase {
    static func read<Value>(_ path: String, _ body: (Database) throws -> Value) throws -> Value {
        guard FileManager.default.fileExists(atPath: path) else { throw RebuildError.missing(path) }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        let directory = (path as NSString).deletingLastPathComponent
        if let lock = try? PosixDisk().lockDirectory(directory) {
            defer { lock.release() }
            let copy = NSTemporaryDirectory() + "/stampede-copy-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
            // A leftover in the temporary directory is no harm.
            defer { try? FileManager.default.removeItem(atPath: copy) }
            for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
                try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + "/live.db" + suffix)
            }
            // Read-write on the copy: recovering its WAL needs that.
            return try DatabaseQueue(path: copy + "/live.db").read(body)
        }
        return try DatabaseQueue(path: path, configuration: configuration).read(body)
    }
}
