import Foundation

/// A Python script as another process: for what must hold between processes, and for the second reader of the format.
///
/// By `posix_spawn` and `waitpid`: Foundation's `Process` misses the end of a child while another child holds its socket.
struct Python {
    struct NotStarted: Error {
        let errno: Int32
    }

    static let isThere = (try? start(["-c", "print('yes', flush=True)"]))?.finish().output == "yes\n"

    private static let starting = NSLock()

    let pid: pid_t
    private let output: Int32
    private let input: Int32

    static func start(_ arguments: [String]) throws -> Python {
        var toChild: [Int32] = [0, 0]
        var fromChild: [Int32] = [0, 0]
        // One at a time: between `pipe` and `fcntl` another child would inherit the ends and keep them open.
        starting.lock()
        defer { starting.unlock() }
        guard pipe(&toChild) == 0, pipe(&fromChild) == 0 else { throw NotStarted(errno: errno) }
        for end in toChild + fromChild { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 2)
        var words: [UnsafeMutablePointer<CChar>?] = (["python3"] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, "python3", &actions, nil, &words, environ)
        close(toChild[0])
        close(fromChild[1])
        guard code == 0 else {
            close(toChild[1])
            close(fromChild[0])
            throw NotStarted(errno: code)
        }
        return Python(pid: pid, output: fromChild[0], input: toChild[1])
    }

    /// The first line that it prints.
    func line() -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1, byte != UInt8(ascii: "\n") { bytes.append(byte) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Ends its input, and waits for its end: all that it printed, errors included, and its status.
    @discardableResult
    func finish() -> (output: String, status: Int32) {
        close(input)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(output, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { break }
            bytes += buffer[..<count]
        }
        close(output)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return (String(decoding: bytes, as: UTF8.self), status)
    }
}
