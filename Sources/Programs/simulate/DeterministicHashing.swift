import Foundation
import ProcessIO

/// Hash values, and so the order of dictionaries, are the same in every run only if the environment asks for it at the
/// start of a process; so the program starts itself once more where it does not.
enum DeterministicHashing {
    private static let variable = "SWIFT_DETERMINISTIC_HASHING"

    /// Memory that one world gives back is for the next one, not for the system to take and clear (mallopt(3)).
    private static let memory = ["MALLOC_TRIM_THRESHOLD_": "268435456", "MALLOC_MMAP_THRESHOLD_": "33554432"]

    static func require() {
        guard ProcessInfo.processInfo.environment[variable] != "1" else { return }
        setenv(variable, "1", 1)
        for (name, bytes) in memory { setenv(name, bytes, 1) }
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        // The program as it is running, whatever it was called by.
        execv("/proc/self/exe", &arguments)
        execvp(CommandLine.arguments[0], &arguments)
        StandardError.line("simulate: cannot start itself again (errno \(errno))")
        exit(1)
    }
}
