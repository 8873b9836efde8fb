import Foundation
import TestSupport
import Testing

@testable import ProcessIO

@Suite("What a process works in must stay where it is", .timeLimit(.minutes(5)))
struct FileWatchTests {
    private let scratch: TemporaryDirectory
    private let data: String

    init() throws {
        scratch = try TemporaryDirectory()
        data = scratch.path + "/data"
        try FileManager.default.createDirectory(atPath: data + "/db", withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(fileURLWithPath: data + "/db/one.db"))
    }

    private func watch() -> FileWatch {
        FileWatch(required: [data, data + "/db", data + "/db/one.db"], optional: [data + "/log"])
    }

    @Test("what stays is nothing to tell of, and neither is a directory that comes later")
    func stays() throws {
        var watch = watch()
        try watch.look()
        try Data("more".utf8).write(to: URL(fileURLWithPath: data + "/db/other"))
        try FileManager.default.createDirectory(atPath: data + "/log", withIntermediateDirectories: false)
        try watch.look()
        try watch.look()
    }

    @Test("what is removed, moved, replaced or copied back is told by its path", arguments: Change.allCases)
    func changes(change: Change) throws {
        var watch = watch()
        try FileManager.default.createDirectory(atPath: data + "/log", withIntermediateDirectories: false)
        try watch.look()
        let path = try change.make(data)
        do {
            try watch.look()
            Issue.record("\(change) was not noticed")
        } catch {
            #expect(error.path == data + path)
        }
    }

    @Test("what must be there and never was is told at the first look")
    func neverThere() {
        var watch = FileWatch(required: [data + "/no"])
        #expect(throws: FileReplaced(path: data + "/no", isGone: true)) { try watch.look() }
    }

    enum Change: CaseIterable {
        case removed, movedAway, replacedByEmpty, copiedBack, optionalRemoved, fileReplaced

        /// - Returns: the path, below the data directory, that is told of.
        func make(_ data: String) throws -> String {
            let files = FileManager.default
            switch self {
            case .removed:
                try files.removeItem(atPath: data)
                return ""
            case .movedAway:
                try files.moveItem(atPath: data, toPath: data + "-2")
                return ""
            case .replacedByEmpty:
                try files.moveItem(atPath: data, toPath: data + "-2")
                try files.createDirectory(atPath: data, withIntermediateDirectories: false)
                return ""
            case .copiedBack:
                try files.moveItem(atPath: data, toPath: data + "-2")
                try files.copyItem(atPath: data + "-2", toPath: data)
                return ""
            case .optionalRemoved:
                try files.removeItem(atPath: data + "/log")
                return "/log"
            case .fileReplaced:
                try files.copyItem(atPath: data + "/db/one.db", toPath: data + "/db/copy")
                #expect(rename(data + "/db/copy", data + "/db/one.db") == 0)
                return "/db/one.db"
            }
        }
    }
}
