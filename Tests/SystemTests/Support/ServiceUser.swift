import Foundation

/// Acting as the user of a service under `--separate-users`, as somebody who took it over could.
struct ServiceUser {
    /// `STAMPEDE_USER_BASE` of the tests; ten ids, in the order of `SupervisedRun.services`, then two groups.
    static let base: uid_t = 47_100
    static let readers = base + 9
    static let house = base + 8

    let name: String
    let id: uid_t

    init(_ name: String) {
        self.name = name
        id = Self.base + uid_t(SupervisedRun.services.firstIndex(of: name) ?? 0)
    }

    /// Runs a line of shell as this user, with its groups.
    func shell(_ line: String) async throws -> Outcome {
        try await runProgram(
            "/usr/bin/setpriv",
            [
                "--reuid", "\(id)", "--regid", "\(id)", "--groups", "\(Self.house),\(Self.readers)", "--no-new-privs",
                "/bin/sh", "-c", line,
            ])
    }

    /// Of the paths, those that this user can append to, or empty, remove or replace.
    func writable(_ paths: [String]) async throws -> [String] {
        try await filter(paths, #"[ -w "$p" ] || ( [ -w "${p%/*}" ] && [ -x "${p%/*}" ] )"#)
    }

    func readable(_ paths: [String]) async throws -> [String] {
        try await filter(paths, #"head -c 1 "$p" >/dev/null 2>&1"#)
    }

    private func filter(_ paths: [String], _ condition: String) async throws -> [String] {
        let list = paths.map { "'\($0)'" }.joined(separator: " ")
        let outcome = try await shell("for p in \(list); do if \(condition); then echo \"$p\"; fi; done")
        return outcome.output.split(separator: "\n").map(String.init)
    }
}
