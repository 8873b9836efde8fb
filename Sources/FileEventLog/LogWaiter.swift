import Contracts
import EventLog
import Synchronization

/// One thread a process that sleeps until any of its topics grows, and rings a bell then.
///
/// A futex on the commit pages' wake words where the system has `futex_waitv` (Linux 5.16), else a poll. A topic that
/// nobody wrote yet is looked for at every turn. The thread keeps the waiter alive until it is closed, and ends within
/// a turn after that; the end of the process does not wait for it.
final class LogWaiter: LogWatch {
    /// Longest sleep once all topics are there: bounds how late a stop is noticed.
    private static let turn = Duration.milliseconds(500)
    /// Longest sleep while a topic is missing: bounds how late it is noticed.
    private static let turnWhileMissing = Duration.milliseconds(100)
    /// Where pages cannot be waited on.
    private static let pollInterval = Duration.milliseconds(5)

    private struct Seen {
        var missing: [TopicFiles]
        var pages: [(page: any SharedPage, word: UInt32)] = []
    }

    private let isClosed = Atomic(false)
    private let seen: Mutex<Seen>
    private let disk: any Disk
    private let bell: Doorbell

    init(topics: [TopicFiles], disk: any Disk, bell: Doorbell) {
        seen = Mutex(Seen(missing: topics))
        self.disk = disk
        self.bell = bell
        disk.watch("log-waiter") { [self] in
            guard !isClosed.load(ordering: .relaxed) else { return false }
            turn()
            return true
        }
    }

    func close() {
        isClosed.store(true, ordering: .relaxed)
    }

    /// Sleeps until a topic grows or the turn is over. Only its own thread waits for the lock.
    private func turn() {
        seen.withLock { seen in
            // A page that cannot be opened now is looked for again at the next turn.
            seen.missing.removeAll { files in
                guard disk.exists(files.commitPage), let page = try? CommitPage(files, disk, .read) else {
                    return false
                }
                seen.pages.append((page.page, page.wakeWord))
                bell.ring()  // it may hold events already
                return true
            }
            let limit = seen.missing.isEmpty ? Self.turn : Self.turnWhileMissing
            if seen.pages.isEmpty {
                disk.pause(limit)
            } else if !disk.wait(for: seen.pages, atMost: limit) {
                disk.pause(Self.pollInterval)
            }
            for index in seen.pages.indices {
                let word = seen.pages[index].page.load32(at: CommitPage.wakeOffset)
                if word != seen.pages[index].word {
                    seen.pages[index].word = word
                    bell.ring()
                }
            }
        }
    }
}
