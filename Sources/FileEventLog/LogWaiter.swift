import Contracts
import EventLog
import Foundation
import Synchronization

/// One thread a process that sleeps until any of its topics grows, and rings a bell then.
///
/// A futex on the commit pages' wake words where the system has `futex_waitv` (Linux 5.16), else a poll. A topic that
/// nobody wrote yet is looked for again at every turn.
final class LogWaiter: LogWatch {
    /// Longest sleep: bounds how late a topic that is new, or a stop, is noticed.
    private static let turn = Duration.milliseconds(500)
    private static let pollInterval = 0.005

    private let isClosed = Atomic(false)

    init(topics: [TopicFiles], disk: any Disk, bell: Doorbell) {
        let thread = Thread { [self] in
            var waiting = topics
            var pages: [(page: any SharedPage, word: UInt32)] = []
            while !isClosed.load(ordering: .relaxed) {
                waiting.removeAll { files in
                    guard disk.exists(files.commitPage), let page = try? CommitPage(files, disk, .read) else { return false }
                    pages.append((page.page, page.wakeWord))
                    bell.ring()  // it may hold events already
                    return true
                }
                if pages.isEmpty {
                    Thread.sleep(forTimeInterval: 0.02)
                } else if !disk.wait(for: pages, atMost: Self.turn) {
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
