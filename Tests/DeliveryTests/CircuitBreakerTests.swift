import Contracts
import Delivery
import Testing
import TestSupport

@Suite("The circuit breaker")
struct CircuitBreakerTests {
    private let start = ClockReading(
        wall: Timestamp(microseconds: 1_900_000_000_000_000), monotonic: MonotonicTime(microseconds: 77))

    private func after(_ duration: Duration, _ start: ClockReading) -> ClockReading {
        ClockReading(wall: start.wall + duration, monotonic: start.monotonic + duration)
    }

    private let policy = RetryPolicy()
    private let randomness = SeededRandomness(seed: 4)

    @Test("it trips at once where the other side cannot be reached, and lets one call out to see")
    func unreachable() {
        var breaker = CircuitBreaker(name: "gateway")
        #expect(breaker.limit(256, at: start) == 256)
        let isNews = breaker.unreachable("refused", at: start, policy, randomness)
        let isNewsAgain = breaker.unreachable("refused", at: start, policy, randomness)
        #expect(isNews)
        #expect(!isNewsAgain, "the others say the same")
        #expect(breaker.limit(256, at: start) == 0)
        #expect(breaker.status(at: start).state == .open)
        #expect(breaker.status(at: start).reason == "refused")
        let later = after(.seconds(60), start)
        #expect(breaker.limit(256, at: later) == 1)
        #expect(breaker.status(at: later).state == .halfOpen)
        let isBack = breaker.answered(at: later)
        #expect(isBack)
        #expect(breaker.limit(256, at: later) == 256)
        #expect(
            breaker.status(at: later)
                == CircuitBreaker.Status(name: "gateway", state: .closed, since: later.wall, reason: nil))
    }

    @Test("it trips after so many failures in a row, and an answer between them starts the count anew")
    func failures() {
        var breaker = CircuitBreaker(name: "gateway")
        for _ in 0..<10 {
            var news = 0
            for _ in 1..<CircuitBreaker.threshold where breaker.failed("500", at: start, policy, randomness) {
                news += 1
            }
            if breaker.answered(at: start) { news += 1 }
            #expect(news == 0)
        }
        for _ in 1..<CircuitBreaker.threshold { _ = breaker.failed("500", at: start, policy, randomness) }
        #expect(breaker.limit(256, at: start) == 256)
        let isNews = breaker.failed("500", at: start, policy, randomness)
        #expect(isNews)
        #expect(breaker.limit(256, at: start) == 0)
    }

    @Test("probes that fail come further and further apart, up to a limit")
    func backoff() throws {
        var breaker = CircuitBreaker(name: "gateway")
        var now = start
        var gaps: [Duration] = []
        for _ in 0..<20 {
            _ = breaker.unreachable("refused", at: now, policy, randomness)
            let next = try #require(breaker.nextProbe)
            gaps.append(next - now.monotonic)
            now = after(next - now.monotonic, now)
        }
        #expect(gaps.allSatisfy { $0 <= policy.longestDelay * 2 })
        #expect(gaps[10] > gaps[0] * 5)
        #expect(breaker.status(at: now).since == start.wall, "since it left closed")
    }

    @Test(
        "a clock that is set, forward or back, changes nothing of when the next call goes out",
        arguments: [-3600, 86_400])
    func clockSet(seconds: Int) throws {
        var breaker = CircuitBreaker(name: "gateway")
        _ = breaker.unreachable("refused", at: start, policy, randomness)
        let pause = try #require(breaker.nextProbe) - start.monotonic
        let set = ClockReading(wall: start.wall + .seconds(seconds), monotonic: start.monotonic)
        #expect(breaker.limit(256, at: after(pause - .microseconds(1), set)) == 0)
        #expect(breaker.limit(256, at: after(pause, set)) == 1)
    }
}
