import Contracts
import Delivery
import EventLog
import ServiceRuntime

/// Looks through the window for all who ask, on a thread of its own.
///
/// *Guarantee*: however many ask, the log is read at most once an `interval`, and not at all while nobody asks.
///
/// Unchecked: `window` and `lookedAt` are touched on `thread` alone.
final class StockWatch: @unchecked Sendable {
    static let interval = Duration.milliseconds(250)

    private let clock: any ServiceClock
    private let thread = ThreadExecutor(name: "shop window")
    private let window: StockWindow
    private var lookedAt: MonotonicTime?

    init(_ log: any EventLog, _ clock: any ServiceClock) {
        window = StockWindow(log)
        self.clock = clock
    }

    func look<Value: Sendable>(_ tell: @escaping @Sendable (StockWindow) -> Value) async throws -> Value {
        try await Task(executorPreference: thread) { [self] in
            let now = clock.monotonic()
            if lookedAt.map({ now - $0 >= Self.interval }) ?? true {
                try window.look()
                lookedAt = now
            }
            return tell(window)
        }.value
    }
}
