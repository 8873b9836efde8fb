import ArgumentParser
import CommandLineKit
import Contracts
import Foundation
import ProcessIO

/// What every command is told.
struct CommonOptions: ParsableArguments {
    @Option(help: "The data directory of the run; else STAMPEDE_DATA names it.")
    var data = UsualDataDirectory().path

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    var directory: DataDirectory { DataDirectory(path: PlainPath.of(data)) }

    func validate() throws {
        guard !data.isEmpty else { throw ValidationError("--data needs the path of a directory") }
        CommandHints.use(dataOption: directory.option)
    }
}

/// Where a run keeps its things.
struct DataDirectory: Sendable {
    let path: String

    /// What a command for this directory is told beside the usual; empty for the usual one.
    var option: String { UsualDataDirectory().option(for: path) }

    var log: String { path + "/log" }
    /// Where `log archive` moves segments.
    var archive: String { path + "/archive" }
    var run: String { path + "/run" }
    var mailbox: String { path + "/mail/outbox.mbox" }
    var ledger: String { path + "/db/payment-gateway/payment-gateway.db" }

    /// What makes its reader an operator; the services made it.
    var operatorToken: String { path + "/operator.token" }

    /// Where the key of the orders' tokens lies; order-service made it.
    var orderTokenKeyDirectory: String { path + "/db/order" }

    func database(of service: ServiceName) -> String {
        path + "/db/\(service.rawValue)/\(service.rawValue).db"
    }

    var exists: Bool { Self.isDirectory(path) }

    static func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// - Throws: `Failure.noDataDirectory`; `.unreadable` where that cannot be told, or what is in it not be seen.
    func require() throws {
        var status = stat()
        for place in [path, log + "/."] where stat(place, &status) != 0 && errno != ENOENT && errno != ENOTDIR {
            throw Failure.unreadable(file: place, reason: String(cString: strerror(errno)))
        }
        guard exists else { throw Failure.noDataDirectory(path) }
    }

    /// - Throws: `Failure.noDataDirectory`, `.nothingThere` where no service ever ran.
    func requireRun() throws {
        try require()
        guard RunDirectory(self).hasPidFiles || Self.isDirectory(log) || Self.isDirectory(path + "/db") else {
            throw Failure.nothingThere(path)
        }
    }

    /// A small text file; nil where there is none, or where it is none.
    static func text(_ path: String, limit: Int = 64 * 1024) -> String? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }  // opened for reading: nothing can be lost
        return (try? file.read(upToCount: limit)).map { String(decoding: $0, as: UTF8.self) }
    }
}
