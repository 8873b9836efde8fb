package import EventLog

extension Doorbell {
    /// Waits for a ring, or until the time has come.
    package func wait(until due: MonotonicTime?, _ clock: any ServiceClock) async {
        guard let due else { return await wait() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Cancelled when somebody else rang first: then this alarm must stay silent.
                guard (try? await clock.sleep(for: max(.zero, due - clock.monotonic()))) != nil else { return }
                self.ring()
            }
            await wait()
            group.cancelAll()
        }
    }
}
