import Contracts
import Delivery
import Foundation
import Testing
import TestSupport

@testable import ServiceRuntime

/// Processes that die in one way or another, each for real.
@Suite("A trap watch", .timeLimit(.minutes(5)))
struct TrapWatchTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.path + "/trying" }

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func expectDeath(by signal: Int32, _ topic: Topic, _ offset: UInt64) throws {
        let death = try #require(try TrapPage(path: path).evidence)
        #expect(death.topic == topic && death.offset == offset && death.signal == signal, "\(death)")
        #expect(abs(Double(death.stamp) / 1e9 - Date().timeIntervalSince1970) < 600)
    }

    private func expectNoDeath() throws {
        #expect(try TrapPage(path: path).evidence == nil)
    }

    @Test("a failed precondition while an event is handled is laid at its door, with exit code 76 and a line on stderr")
    func trap() async throws {
        let result = await #expect(
            processExitsWith: .exitCode(ExitStatus.trapped), observing: [\.standardErrorContent]
        ) { [path = path as String] in
            let watch = try TrapWatch(path: path, process: "inventory-service")
            watch.trying(.orders, 122)
            watch.trying(.orders, 123)
            fatalError("on purpose")
        }
        let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(said.contains("inventory-service: signal "), "\(said)")
        #expect(said.contains("while handling orders offset 123; marked, the process ends with exit code 76\n"))
        #if arch(x86_64)
            try expectDeath(by: SIGILL, .orders, 123)
        #else
            try expectDeath(by: SIGTRAP, .orders, 123)
        #endif
    }

    @Test("abort counts, a null pointer counts, each with its signal")
    func others() async throws {
        await #expect(processExitsWith: .exitCode(ExitStatus.trapped)) { [path = path as String] in
            let watch = try TrapWatch(path: path, process: "test")
            watch.trying(.payments, 7)
            abort()
        }
        try expectDeath(by: SIGABRT, .payments, 7)
        await #expect(processExitsWith: .exitCode(ExitStatus.trapped)) { [path = path as String] in
            let watch = try TrapWatch(path: path, process: "test")
            watch.trying(.deadLetters(of: .notification), 8)
            UnsafeMutablePointer<Int>(bitPattern: 8)?.pointee = 1
        }
        try expectDeath(by: SIGSEGV, .deadLetters(of: .notification), 8)
    }

    @Test("a stack that overflows counts, on a thread like the consumer's")
    func overflow() async throws {
        await #expect(processExitsWith: .exitCode(ExitStatus.trapped)) { [path = path as String] in
            let watch = try TrapWatch(path: path, process: "test")
            await withTaskExecutorPreference(ThreadExecutor(name: "database")) {
                watch.trying(.orders, 9)
                print(Self.depth(of: 0))
            }
        }
        try expectDeath(by: SIGSEGV, .orders, 9)
    }

    /// Never returns, and the optimizer does not see it.
    @inline(never)
    private static func depth(of level: Int) -> Int {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 512) { room in
            room[level % 512] = level
            return depth(of: level + 1) + room[level % 512]
        }
    }

    @Test("between events a trap looks as it always did", arguments: [false, true])
    func idle(isAfterAnEvent: Bool) async throws {
        await #expect(processExitsWith: .signal(SIGABRT)) {
            [path = path as String, isAfterAnEvent = isAfterAnEvent as Bool] in
            let watch = try TrapWatch(path: path, process: "test")
            if isAfterAnEvent {
                watch.trying(.orders, 10)
                watch.idle()
            }
            abort()
        }
        try expectNoDeath()
    }

    @Test("another thread's trap is not the event's")
    func otherThread() async throws {
        await #expect(processExitsWith: .signal(SIGABRT)) { [path = path as String] in
            let watch = try TrapWatch(path: path, process: "test")
            watch.trying(.orders, 11)
            let thread = Thread { abort() }
            thread.start()
            while true { pause() }  // ended by the other thread
        }
        try expectNoDeath()
    }

    @Test("no kill from outside counts, whatever its signal", arguments: [SIGKILL, SIGSEGV, SIGABRT, SIGILL])
    func killed(signal: Int32) async throws {
        await #expect(processExitsWith: .signal(signal)) { [path = path as String, signal = signal as Int32] in
            let watch = try TrapWatch(path: path, process: "test")
            watch.trying(.orders, 12)
            let killer = Process()
            killer.executableURL = URL(fileURLWithPath: "/bin/sh")
            killer.arguments = ["-c", "kill -\(signal) \(getpid())"]
            try killer.run()
            while true { pause() }  // ended by the signal
        }
        try expectNoDeath()
    }

    @Test("a program that was told to stop does not start again")
    func stopping() async throws {
        await #expect(processExitsWith: .exitCode(ExitStatus.trapped)) { [path = path as String] in
            let watch = try TrapWatch(path: path, process: "test", startsAgain: true)
            TrapWatch.stopBegins()
            watch.trying(.orders, 15)
            abort()
        }
        try expectDeath(by: SIGABRT, .orders, 15)
    }

    @Test("the death stays until it is acknowledged")
    func acknowledged() async throws {
        await #expect(processExitsWith: .exitCode(ExitStatus.trapped)) { [path = path as String] in
            let watch = try TrapWatch(path: path, process: "test")
            watch.trying(.orders, 13)
            abort()
        }
        for _ in 1...2 {
            await #expect(processExitsWith: .success) { [path = path as String] in
                let watch = try TrapWatch(path: path, process: "test")
                watch.trying(.orders, 14)
                precondition(watch.lastDeath()?.offset == 13)
                watch.idle()
            }
        }
        await #expect(processExitsWith: .success) { [path = path as String] in
            let watch = try TrapWatch(path: path, process: "test")
            watch.acknowledge()
            precondition(watch.lastDeath() == nil)
        }
        try expectNoDeath()
    }
}
