import Foundation

/// Hash values, and so the order of dictionaries, are the same in every run only if the environment asks for it at the
/// start of a process; so the program starts itself once more where it does not.
enum DeterministicHashing {
    private static let variable = "SWIFT_DETERMINISTIC_HASHING"

    static func require() {
        guard ProcessInfo.processInfo.environment[variable] != "1" else { return }
        setenv(variable, "1", 1)
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        // The program as it is running, whatever it was called by.
        execv("/proc/self/exe", &arguments)
        execvp(CommandLine.arguments[0], &arguments)
        FileHandle.standardError.write(Data("simulate: cannot start itself again (errno \(errno))\n".utf8))
        exit(1)
    }
}
