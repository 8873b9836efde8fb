import ArgumentParser
import Foundation

/// A mistake made on purpose: a sanitizer that is not really on is silent, and looks as if there were nothing to find.
enum Plant: String, CaseIterable, ExpressibleByArgument {
    /// For thread sanitizer: two threads count in the same place without a lock.
    case race
    /// For address sanitizer: a byte behind the end of what was allocated.
    case overflow
    /// For address sanitizer: a byte of what was given back.
    case useAfterFree = "use-after-free"

    func make() {
        switch self {
        case .race: race()
        case .overflow: touch(16, isFreed: false)
        case .useAfterFree: touch(0, isFreed: true)
        }
    }

    private final class Unguarded: @unchecked Sendable {
        var count = 0
    }

    private func race() {
        let unguarded = Unguarded()
        let threads = (0..<2).map { _ in
            Thread { for _ in 0..<100_000 { unguarded.count += 1 } }
        }
        for thread in threads { thread.start() }
        while threads.contains(where: { !$0.isFinished }) { Thread.sleep(forTimeInterval: 0.01) }
        print("counted to \(unguarded.count)")
    }

    private func touch(_ index: Int, isFreed: Bool) {
        let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 16)
        bytes.initialize(repeating: 0, count: 16)
        if isFreed { bytes.deallocate() }
        bytes[index] = 1
        print("wrote \(bytes[index])")
        if !isFreed { bytes.deallocate() }
    }
}
