import Contracts
import Foundation
import Synchronization

/// Rounds of the log and rounds of delivery, side by side, one after the other until the time is over.
struct Rounds: Sendable {
    let end: ContinuousClock.Instant
    let seed: UInt64
    let events: UInt64
    let orders: Int
    let findings = Findings()

    private var goesOn: Bool { ContinuousClock.now < end && findings.isEmpty }

    /// On a thread of its own, for a round blocks until its threads have ended.
    func log() async {
        await withCheckedContinuation { continuation in
            let thread = Thread {
                do { try repeatLog() } catch { findings.add("log: \(error)") }
                continuation.resume()
            }
            thread.start()
        }
    }

    private func repeatLog() throws {
        var (count, written, read, archived) = (0, 0, 0, 0)
        repeat {
            let round = try LogRound(eventsPerTopic: events, seed: seed &+ UInt64(count), findings: findings)
            try round.run()
            count += 1
            written += round.eventsWritten
            read += round.eventsRead.load(ordering: .relaxed)
            archived += round.segmentsArchived.load(ordering: .relaxed)
        } while goesOn
        findings.expect(archived > 0, "nothing was archived beside the readers: the rounds were too short to tell")
        print("log       \(count) rounds: \(written) events written, \(read) read, \(archived) segments archived")
    }

    func delivery() async {
        let tally = Tally()
        let threads = ShopLife.Threads()
        var count = 0
        do {
            repeat {
                try await DeliveryRound(numbers: orders, findings: findings, tally: tally, threads: threads).run()
                count += 1
            } while goesOn
        } catch {
            return findings.add("delivery: \(error)")
        }
        if findings.isEmpty { tally.compare(findings) }
        print(
            "delivery  \(count) rounds: \(tally.count(of: .commands, .order)) orders, "
                + "\(tally.count(of: .published, .order) + tally.count(of: .published, .inventory)) events, "
                + "\(tally.count(of: .deadLetters, .inventory)) dead letters")
    }
}
