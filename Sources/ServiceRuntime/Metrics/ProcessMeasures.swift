import Delivery
import Foundation

/// What the system says of the process and of the disk that its data lie on.
struct ProcessMeasures {
    let service: String
    let dataDirectory: String

    /// Without those that the system does not tell.
    var samples: [MetricSample] {
        var samples = [MetricSample(RuntimeMetrics.cpuSeconds, service, value: cpuSeconds)]
        if let residentBytes {
            samples.append(MetricSample(RuntimeMetrics.residentBytes, service, value: residentBytes))
        }
        if let openFiles { samples.append(MetricSample(RuntimeMetrics.openFiles, service, value: Double(openFiles))) }
        if let (free, size) = space {
            samples.append(MetricSample(RuntimeMetrics.freeBytes, service, value: free))
            samples.append(MetricSample(RuntimeMetrics.sizeBytes, service, value: size))
        }
        return samples
    }

    /// 0 where there is no such file.
    static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    private var cpuSeconds: Double {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(RUSAGE_SELF.rawValue, &usage)
        #else
            getrusage(RUSAGE_SELF, &usage)
        #endif
        return Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime)
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

    /// Of Linux alone: pages in the second field of `/proc/self/statm`.
    private var residentBytes: Double? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
        else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Counted, not listed: in a sale they are ten thousand and more.
    private var openFiles: Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var entries = 0
        while readdir(directory) != nil { entries += 1 }
        // Without ".", ".." and the one by which it is read.
        return entries - 3
    }

    private var space: (free: Double, size: Double)? {
        var status = statvfs()
        guard statvfs(dataDirectory, &status) == 0 else { return nil }
        let block = Double(status.f_frsize)
        return (Double(status.f_bavail) * block, Double(status.f_blocks) * block)
    }
}
