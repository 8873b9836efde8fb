import Foundation

/// Processor seconds, user and system together.
enum ProcessorTime {
    static func ofThisProcess() -> Double {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000
    }
}

/// How many files a process may hold open.
enum OpenFileLimit {
    /// Files a worker needs beside its connections.
    static let reserve = 64

    /// Raises the soft limit to the hard one.
    /// - Returns: the limit that now holds.
    @discardableResult
    static func raise() -> Int {
        var limit = rlimit()
        let resource = RLIMIT_NOFILE
        #if os(Linux)
            getrlimit(__rlimit_resource_t(resource.rawValue), &limit)
            if limit.rlim_cur < limit.rlim_max {
                var raised = rlimit(rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max)
                if setrlimit(__rlimit_resource_t(resource.rawValue), &raised) == 0 { limit = raised }
            }
        #else
            getrlimit(resource, &limit)
        #endif
        return Int(clamping: limit.rlim_cur)
    }
}
