import Contracts
import EventLog
import Foundation
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
    /// Where pages cannot be waited on, in seconds.
    private static let pollInterval = 0.005

    private let isClosed = Atomic(false)

    init(topics: [TopicFiles], disk: any Disk, bell: Doorbell) {
        let thread = Thread { [self] in
            var missing = topics
            var pages: [(page: any SharedPage, word: UInt32)] = []
            while !isClosed.load(ordering: .relaxed) {
                // A page that cannot be opened now is looked for again at the next turn.
                missing.removeAll { files in
                    guard disk.exists(files.commitPage), let page = try? CommitPage(files, disk, .read) else {
                        return false
                    }
                    pages.append((page.page, page.wakeWord))
                    bell.ring()  // it may hold events already
                    return true
                }
                let limit = missing.isEmpty ? Self.turn : Self.turnWhileMissing
                if pages.isEmpty {
                    Thread.sleep(forTimeInterval: Double(limit.microseconds) / 1_000_000)
                } else if !disk.wait(for: pages, atMost: limit) {
                    Thread.sleep(forTimeInterval: Self.pollInterval)
                }
                for index in pages.indices {
                    let word = pages[index].page.load32(at: CommitPage.wakeOffset)
                    if word != pages[index].word {
                        pages[index].word = word
                        bell.ring()
                    }
                }
            }
        }
        thread.name = "log-waiter"
        thread.start()
    }

    func close() {
        isClosed.store(true, ordering: .relaxed)
    }
}
