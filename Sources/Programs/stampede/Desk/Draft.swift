import Foundation

/// A text that the operator edits: a private file, and the editor of their choice.
struct Draft {
    let path: String

    /// - Throws: `Failure.unreadable`.
    init(_ text: String) throws {
        let name = "stampede-edit-XXXXXX.json"
        var template = Array((NSTemporaryDirectory() as NSString).appendingPathComponent(name).utf8CString)
        let descriptor = mkstemps(&template, Int32(".json".utf8.count))  // mode 0600
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard descriptor >= 0 else {
            throw Failure.unreadable(file: NSTemporaryDirectory(), reason: "no file can be made in it (errno \(errno))")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try file.write(contentsOf: Data(text.utf8))
    }

    func read() throws -> [UInt8] { try InputLines.whole(path) }

    func remove() { unlink(path) }

    /// Whether the operator wants to go on with it; the file stays where not.
    func asksAgain(because reason: String) -> Bool {
        Talk.say(reason)
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return false }
        Talk.say("Edit it again? [Y/n]")
        let answer = readLine()?.lowercased() ?? "n"
        return !answer.hasPrefix("n")
    }

    // MARK: - Editor

    /// Runs the editor on this terminal until it ends.
    ///
    /// - Throws: `Failure.noEditor`.
    func openInEditor() throws {
        let environment = ProcessInfo.processInfo.environment
        let editor =
            [environment["VISUAL"], environment["EDITOR"]].compactMap(\.self).first { !$0.isEmpty } ?? "vi"
        // Through a shell: an editor comes with arguments ("code --wait").
        let status = Self.runShell("\(editor) \"$1\"", path)
        guard status == 0 else { throw Failure.noEditor(editor, status: status, draft: path) }
    }

    /// The exit code, or 128 + the signal. In this process group, as `system` does it: an editor needs the terminal.
    private static func runShell(_ command: String, _ argument: String) -> Int32 {
        // An interrupt is the editor's to understand.
        let before = [SIGINT, SIGQUIT].map { ($0, signal($0, SIG_IGN)) }
        defer { for (number, handler) in before { signal(number, handler) } }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for number in [SIGINT, SIGQUIT, SIGPIPE] { sigaddset(&defaults, number) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        let words: [String] = ["/bin/sh", "-c", command, "sh", argument]
        let arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        guard posix_spawn(&pid, "/bin/sh", nil, &attributes, arguments, environ) == 0 else { return 127 }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let ending = status & 0x7F
        return ending == 0 ? (status >> 8) & 0xFF : 128 + ending
    }
}
