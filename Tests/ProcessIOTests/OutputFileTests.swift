import Foundation
import TestSupport
import Testing

@testable import ProcessIO

/// A device is tried as a node of the test's own: with the fault in it, the test would take a real one away.
@Suite("A file that is named for output", .timeLimit(.minutes(5)))
struct OutputFileTests {
    private let scratch: TemporaryDirectory
    private var folder: String { scratch.path }

    init() throws {
        scratch = try TemporaryDirectory()
    }

    private func write(_ text: String, to path: String) throws(OutputError) {
        try OutputFile(path).check()
        try OutputFile(path).write(Array(text.utf8))
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
    }

    private func kind(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }

    // MARK: - Regular files

    @Test("a new name is a file, and nothing else stays beside it")
    func new() throws {
        try write("one", to: folder + "/report.json")
        #expect(try text("report.json") == "one")
        #expect(try names() == ["report.json"])
    }

    @Test("a file is replaced as a whole, and keeps its mode; whoever has it open reads the former one to its end")
    func replaced() throws {
        let path = folder + "/report.json"
        try write("a former and longer one", to: path)
        #expect(chmod(path, 0o604) == 0)
        let reader = try #require(FileHandle(forReadingAtPath: path))
        try write("new", to: path)
        #expect(try text("report.json") == "new")
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o604)
        #expect(String(decoding: try reader.readToEnd() ?? Data(), as: UTF8.self) == "a former and longer one")
    }

    @Test("a symbolic link stays one: what it leads to is replaced, or made", arguments: [true, false])
    func link(isThere: Bool) throws {
        try FileManager.default.createDirectory(atPath: folder + "/kept", withIntermediateDirectories: false)
        if isThere { try write("old", to: folder + "/kept/real") }
        #expect(symlink("kept/real", folder + "/first") == 0)
        #expect(symlink(folder + "/first", folder + "/second") == 0)
        try write("new", to: folder + "/second")
        #expect(kind(folder + "/first") == S_IFLNK)
        #expect(kind(folder + "/second") == S_IFLNK)
        #expect(kind(folder + "/kept/real") == S_IFREG)
        #expect(try text("kept/real") == "new")
    }

    // MARK: - Anything else

    @Test("a device stays one", .enabled(if: geteuid() == 0), arguments: [(3, nil), (7, "No space left on device")])
    func device(minor: UInt, complaint: String?) throws {
        let path = folder + "/node"
        #expect(mknod(path, S_IFCHR | 0o666, dev_t(1 << 8 | minor)) == 0)
        if let complaint {
            #expect(throws: OutputError(file: path, reason: complaint)) { try write("text", to: path) }
        } else {
            try write("text", to: path)
        }
        #expect(kind(path) == S_IFCHR)
        #expect(try names() == ["node"])
    }

    @Test("a fifo stays one, and its reader gets all of it, also through a symbolic link", arguments: ["fifo", "link"])
    func fifo(name: String) async throws {
        let fifo = folder + "/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        #expect(symlink("fifo", folder + "/link") == 0)
        let sent = String(repeating: "a line of many\n", count: 20_000)
        async let received = blocking {
            String(
                decoding: try FileHandle(forReadingFrom: URL(fileURLWithPath: fifo)).readToEnd() ?? Data(),
                as: UTF8.self)
        }
        try await blocking { [folder] in try OutputFile(folder + "/" + name).write(Array(sent.utf8)) }
        #expect(try await received == sent)
        #expect(kind(fifo) == S_IFIFO)
    }

    @Test("an open descriptor is written to where it stands", arguments: ["/dev/fd/", "/proc/self/fd/", "link"])
    func descriptor(prefix: String) throws {
        let path = folder + "/out"
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(file) }
        #expect(Foundation.write(file, "before ", 7) == 7)
        if prefix == "link" {
            #expect(symlink("/dev/fd/\(file)", folder + "/link") == 0)
            try write("after", to: folder + "/link")
        } else {
            try write("after", to: prefix + "\(file)")
        }
        #expect(try text("out") == "before after")
    }

    @Test("a reader that goes away is an error, not the end of the process")
    func gone() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (reader, writer) = (ends[0], ends[1])
        close(reader)
        defer { close(writer) }
        #expect(throws: OutputError(file: "/dev/fd/\(writer)", reason: "Broken pipe")) {
            try write("text", to: "/dev/fd/\(writer)")
        }
    }

    // MARK: - Errors

    @Test("what cannot be written is told by its name, before the work and after it")
    func errors() throws {
        let missing = folder + "/no/report"
        let complaint = OutputError(file: missing, reason: "there is no directory \(folder)/no")
        #expect(throws: complaint) { try OutputFile(missing).check() }
        #expect(throws: complaint) { try OutputFile(missing).write([]) }
        #expect(throws: OutputError(file: folder, reason: "Is a directory")) { try write("x", to: folder) }
        #expect(throws: OutputError(file: folder + "/new/", reason: "No such file or directory")) {
            try write("x", to: folder + "/new/")
        }
        #expect(symlink("loop", folder + "/loop") == 0)
        #expect(throws: OutputError(file: folder + "/loop", reason: "Too many levels of symbolic links")) {
            try write("x", to: folder + "/loop")
        }
        #expect(throws: OutputError.self) { try write("x", to: "") }
        #expect(throws: OutputError(file: "/dev/fd/999", reason: "Bad file descriptor")) {
            try write("x", to: "/dev/fd/999")
        }
        #expect(try names() == ["loop"])
    }
}
