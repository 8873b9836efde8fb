import Contracts
import Foundation

/// What a run takes of its disk, and what is left of that.
struct Storage {
    struct Database {
        let program: Program
        let bytes: Int64
        /// Of the write-ahead log beside it.
        let walBytes: Int64
    }

    /// Of the programs that have one.
    let databases: [Database]
    /// Allocated for the log's files, segments reserved ahead included.
    let logBytes: Int64
    let archiveBytes: Int64
    let mailboxBytes: Int64
    /// Nil where the file system does not say.
    let freeBytes: Int64?
    let totalBytes: Int64?

    init(_ data: DataDirectory) {
        databases = Program.all.compactMap { program in
            let path = "\(program.databaseDirectory(data))/\(program.service?.rawValue ?? program.name).db"
            return Self.size(path).map {
                Database(program: program, bytes: $0, walBytes: Self.size(path + "-wal") ?? 0)
            }
        }
        logBytes = Self.allocated(below: data.log)
        archiveBytes = Self.allocated(below: data.archive)
        mailboxBytes = Self.size(data.mailbox) ?? 0
        var disk = statvfs()
        let isKnown = statvfs(data.path, &disk) == 0
        freeBytes = isKnown ? Int64(clamping: UInt64(disk.f_bavail) * UInt64(disk.f_frsize)) : nil
        totalBytes = isKnown ? Int64(clamping: UInt64(disk.f_blocks) * UInt64(disk.f_frsize)) : nil
    }

    /// Less than a twentieth, or less than a gibibyte.
    var isNearlyFull: Bool {
        guard let freeBytes, let totalBytes else { return false }
        return freeBytes < totalBytes / 20 || freeBytes < 1 << 30
    }

    private static func size(_ path: String) -> Int64? {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : nil
    }

    private static func allocated(below directory: String) -> Int64 {
        guard let walker = FileManager.default.enumerator(atPath: directory) else { return 0 }
        return walker.compactMap { $0 as? String }.reduce(0) { sum, name in
            var status = stat()
            // Files come and go meanwhile. A block has 512 bytes, whatever the file system's blocks are (stat(2)).
            return stat(directory + "/" + name, &status) == 0 ? sum + Int64(status.st_blocks) * 512 : sum
        }
    }

    // MARK: - Output

    var table: Table {
        var table = Table([
            .init(title: "STORAGE"), .init(title: "SIZE", alignment: .right), .init(title: "WAL", alignment: .right),
        ])
        for database in databases {
            table.add([
                .init(database.program.name), .init(Words.bytes(database.bytes)), .init(Words.bytes(database.walBytes)),
            ])
        }
        for (name, bytes) in [("log", logBytes), ("archive", archiveBytes), ("mailbox", mailboxBytes)] where bytes > 0 {
            table.add([.init(name), .init(Words.bytes(bytes)), "-"])
        }
        if let freeBytes, let totalBytes {
            table.add([
                .init("free of \(Words.bytes(totalBytes))"), .init(Words.bytes(freeBytes), isNearlyFull ? .bad : nil),
                "-",
            ])
        }
        return table
    }

    /// `log 167 MB, databases 6 MB, mailbox 1 MB, 57 GB of 270 GB free`
    var summary: String {
        let databases = databases.reduce(Int64(0)) { $0 + $1.bytes + $1.walBytes }
        let free = freeBytes.flatMap { free in totalBytes.map { "\(Words.bytes(free)) of \(Words.bytes($0)) free" } }
        return [
            "log \(Words.bytes(logBytes))", "databases \(Words.bytes(databases))",
            "mailbox \(Words.bytes(mailboxBytes))", free,
        ].compactMap(\.self).joined(separator: ", ")
    }

    var json: JSONValue {
        .object([
            "logBytes": .integer(logBytes), "archiveBytes": .integer(archiveBytes),
            "mailboxBytes": .integer(mailboxBytes), "freeBytes": JSONValue(freeBytes),
            "totalBytes": JSONValue(totalBytes), "isNearlyFull": .bool(isNearlyFull),
            "databases": .array(
                databases.map { database in
                    .object([
                        "name": .string(database.program.name), "bytes": .integer(database.bytes),
                        "walBytes": .integer(database.walBytes),
                    ])
                }),
        ])
    }
}
