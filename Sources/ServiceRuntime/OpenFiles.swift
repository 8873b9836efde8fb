import Foundation

/// How many files a process may hold open, and how many of them connections may take.
package enum OpenFiles {
    /// Kept for log segments, databases, the admin surface and what the system opens by itself.
    private static let reserve = 512

    /// Raises the soft limit to the hard one; the wanted number of connections, or fewer where files are short.
    ///
    /// *Guarantee*: accepting a connection never takes the file that the log needs next. *If broken*: the service dies of
    /// EMFILE in the middle of a sale.
    package static func connections(_ wanted: Int) throws -> Int {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0 else { return wanted }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(resource, &limit)  // where it is refused, the limit that stands is used
        guard getrlimit(resource, &limit) == 0 else { return wanted }
        let files = Int(clamping: limit.rlim_cur)
        guard files > 2 * reserve else {
            throw ConfigurationError(
                key: "RLIMIT_NOFILE (ulimit -n)", value: String(files), expected: "at least \(2 * reserve + 1)")
        }
        return min(wanted, files - reserve)
    }
}
