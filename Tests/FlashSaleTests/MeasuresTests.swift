import Contracts
import Foundation
import Testing
import TestSupport

@testable import flash_sale

@Suite("What is measured")
struct MeasuresTests {
    @Test("latencies survive the way from worker to coordinator and add up")
    func latencies() throws {
        var left = Latency()
        var right = Latency()
        for milliseconds in 1...1_000 { left.record(nanoseconds: Int64(milliseconds) * 1_000_000) }
        for milliseconds in 1_001...2_000 { right.record(nanoseconds: Int64(milliseconds) * 1_000_000) }
        var sum = try LineCoding.message(try LineCoding.line(left), as: Latency.self)
        sum.add(try LineCoding.message(try LineCoding.line(right), as: Latency.self))
        #expect(sum.count == 2_000)
        for (percentile, expected) in [(50.0, 1_000.0), (99.0, 1_980.0), (100.0, 2_000.0)] {
            let value = sum.milliseconds(at: percentile)
            #expect((expected * 0.998...expected * 1.002).contains(value), "p\(percentile) is \(value)")
        }
        let report = Report.Percentiles(sum)
        #expect(
            [report.p50, report.p90, report.p99, report.p999, report.max]
                == [report.p50, report.p90, report.p99, report.p999, report.max].sorted())
    }

    @Test("times before the start and beyond all bounds are kept, not dropped")
    func clamped() {
        var latency = Latency()
        latency.record(nanoseconds: -5)
        latency.record(nanoseconds: .max)
        #expect(latency.count == 2)
        #expect(latency.milliseconds(at: 0.1) == 0)
        #expect(latency.milliseconds(at: 100) > 3_590_000)
        #expect(Latency().milliseconds(at: 50) == 0)
    }

    @Test("open connections of two workers add up instant by instant, not peak by peak")
    func openConnections() {
        let slot = OpenConnections.slotNanoseconds
        var early = OpenConnections()
        early.change(by: 3, at: 0)
        early.change(by: -3, at: slot * 2)
        early.fill(to: slot * 4)
        var late = OpenConnections()
        late.change(by: 2, at: slot * 3)
        late.change(by: -2, at: slot * 5)
        late.fill(to: slot * 6)
        var sum = WorkerResult()
        for counts in [early, late] {
            var result = WorkerResult()
            result.openBySlot = counts.bySlot
            sum.add(result)
        }
        #expect(sum.openBySlot == [3, 3, 0, 2, 2, 0])
    }

    @Test("a service's use is counted from the start, over restarts, whatever its name")
    func processUsage() async throws {
        try await withTemporaryDirectory { directory in
            let run = directory + "/run"
            let proc = directory + "/proc"
            func write(_ path: String, _ text: String) throws {
                let url = URL(fileURLWithPath: path)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: url)
            }
            func process(_ pid: Int, ticks: Int, kilobytes: Int) throws {
                try write(
                    "\(proc)/\(pid)/stat",
                    "\(pid) (order) (x) S 1 1 1 0 -1 0 0 0 0 0 \(ticks) \(ticks) 0 0 20 0 4 0 \(pid * 7) 0 0")
                try write("\(proc)/\(pid)/status", "Name:\torder\nVmHWM:\t  \(kilobytes) kB\nVmRSS:\t 1 kB\n")
            }
            try write(run + "/order-service.pid", "100\n")
            try write(run + "/supervisor.pid", "1\n")
            try process(100, ticks: 50, kilobytes: 2_000)
            var usage = ProcessUsage(runDirectory: run, processDirectory: proc)
            func look(at seconds: Double) { usage.look(at: Timestamp(microseconds: Int64(seconds * 1e6))) }
            look(at: 10)
            try process(100, ticks: 150, kilobytes: 3_000)
            look(at: 11)
            // Killed and restarted: the new process counts whole.
            try write(run + "/order-service.pid", "200\n")
            try process(200, ticks: 30, kilobytes: 1_000)
            look(at: 12)
            let tick = 1 / Double(sysconf(Int32(_SC_CLK_TCK)))
            let service = try #require(usage.services["order-service"])
            #expect(abs(service.cpuSeconds - 260 * tick) < 0.000_001)
            #expect(service.peakRSSBytes == 3_000 * 1_024)
            #expect(service.processes == 2)
            #expect(usage.services.count == 1)
            let start = StartInstant(monotonic: 0, calendar: Timestamp(microseconds: 9_000_000))
            #expect(
                usage.interruptions(from: start, until: 60)
                    == [.init(service: "order-service", from: 2, until: 3)])
            // Gone for good.
            try FileManager.default.removeItem(atPath: proc + "/200")
            look(at: 13)
            #expect(
                usage.interruptions(from: start, until: 60).last == .init(service: "order-service", from: 3, until: nil)
            )
        }
    }

    @Test("this machine's own /proc is readable")
    func ownProcess() throws {
        let stat = try String(contentsOfFile: "/proc/self/stat", encoding: .utf8)
        #expect(try #require(ProcessUsage.times(stat)).cpuSeconds >= 0)
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        #expect(try #require(ProcessUsage.peak(status)) > 1_000_000)
    }

    @Test("ports come from the environment, and nonsense is refused")
    func settings() throws {
        #expect(try ServiceSettings(environment: [:]).checkoutPort == 8080)
        #expect(
            try ServiceSettings(environment: ["STAMPEDE_INVENTORY_ADMIN_PORT": "9999"]).adminPort(of: .inventory)
                == 9999)
        #expect(try ServiceSettings(dataDirectory: "/nowhere", environment: [:]).adminPort(of: .order) == 9101)
        #expect(throws: SettingsError.self) { try ServiceSettings(environment: ["STAMPEDE_CHECKOUT_PORT": "http"]) }
    }
}
