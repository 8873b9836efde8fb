import Foundation

/// A file that somebody named for a program to write: a report, an export, a list of chain heads.
///
/// *Guarantee*: a regular file or a new name is replaced as a whole or not at all, with its mode; where the name is a symbolic
/// link, what it leads to is replaced. A device, a fifo or a descriptor (`-`, `/dev/stdout`, `/dev/fd/3`) is written to.
/// *If broken*: `--json /dev/null`, typed by root, takes the null device away from the whole machine.
package struct OutputFile: Sendable {
    package let path: String

    package init(_ path: String) {
        self.path = path
    }

    /// Whether it can probably be written, asked before hours of work; changes nothing.
    ///
    /// - Throws: `OutputError`.
    package func check() throws(OutputError) {
        switch try OutputPlace.of(path) {
        case .descriptor(let descriptor):
            let mode = fcntl(descriptor, F_GETFL) & O_ACCMODE
            guard mode == O_WRONLY || mode == O_RDWR else { throw fault(EBADF) }
        case .special: guard access(path, W_OK) == 0 else { throw fault(errno) }
        case .regular(let target, _):
            guard access(OutputPlace.folder(of: target), W_OK | X_OK) == 0 else { throw fault(errno) }
        }
    }

    /// - Throws: `OutputError`.
    package func write(_ bytes: [UInt8]) throws(OutputError) {
        // A reader that goes away is an error to tell, not the end of the process.
        let former = signal(SIGPIPE, SIG_IGN)
        defer { signal(SIGPIPE, former) }
        switch try OutputPlace.of(path) {
        case .descriptor(let descriptor): try writeAll(bytes, to: descriptor)
        case .special:
            // Nothing is created and nothing cut off. Of a fifo this waits for the reader.
            let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
            guard descriptor >= 0 else { throw fault(errno) }
            defer { close(descriptor) }
            try writeAll(bytes, to: descriptor)
        case .regular(let target, let former): try replace(target, former, with: bytes)
        }
    }

    private func replace(_ target: String, _ former: stat?, with bytes: [UInt8]) throws(OutputError) {
        let temporary = OutputPlace.folder(of: target) + "/.stampede-\(getpid())-\(UInt64.random(in: .min ... .max))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw fault(errno) }
        var isOpen = true
        defer { if isOpen { close(descriptor) } }
        do throws(OutputError) {
            try writeAll(bytes, to: descriptor)
            if let former {
                _ = fchown(descriptor, former.st_uid, former.st_gid)  // where it may; the owner is then who writes
                guard fchmod(descriptor, former.st_mode & 0o7777) == 0 else { throw fault(errno) }
            }
            guard fsync(descriptor) == 0 else { throw fault(errno) }
            isOpen = false
            guard close(descriptor) == 0 else { throw fault(errno) }
            guard rename(temporary, target) == 0 else { throw fault(errno) }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws(OutputError) {
        let code = Descriptor.writeAll(bytes, to: descriptor)
        guard code == 0 else { throw fault(code) }
    }

    private func fault(_ code: Int32) -> OutputError { OutputError(file: path, errno: code) }
}
