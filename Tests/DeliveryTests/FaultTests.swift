import Contracts
import Delivery
import EventLog
import GRDB
import Testing
import TestSupport

@Suite("Whose fault an error is")
struct FaultTests {
    private func name(_ error: any Error) -> String {
        switch Fault.classify(error) {
        case .permanent(let kind, _): "permanent \(kind)"
        case .event: "event"
        case .trap: "trap"
        case .environment: "environment"
        case .fatal: "fatal"
        }
    }

    @Test("what no retry heals is known by its kind")
    func permanent() {
        #expect(name(EventFault.brokenRule("x")) == "permanent broken-rule")
        #expect(name(EventFault.undecodable("x")) == "permanent undecodable")
        #expect(name(EventFault.unknownVersion("x")) == "permanent unknown-version")
        #expect(name(EventCodingError.malformed("x")) == "permanent undecodable")
        #expect(name(EventCodingError.tooLarge(type: "t", subject: "s", bytes: 2, limit: 1)) == "permanent too-large")
    }

    @Test("what an error quotes of a customer is taken out before anybody keeps it")
    func quotesNobody() {
        struct Quoting: Error, CustomStringConvertible {
            let description = #"no mail to ann@example.test, no charge of {"cardToken":"secret-1"} by tok_visa"#
        }
        let expected = #"no mail to [mail address], no charge of {"cardToken":"[secret]"} by [card token]"#
        for error in [Quoting(), EventFault.brokenRule(Quoting().description)] as [any Error] {
            switch Fault.classify(error) {
            case .permanent(_, let text), .event(_, let text): #expect(text == expected)
            default: Issue.record("\(error) is the event's own")
            }
        }
    }

    @Test(
        "an outage is the environment's",
        arguments: [
            ResultCode.SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_FULL, .SQLITE_NOMEM, .SQLITE_CANTOPEN, .SQLITE_READONLY,
            .SQLITE_PROTOCOL, .SQLITE_INTERRUPT, .SQLITE_ABORT, .SQLITE_BUSY_SNAPSHOT, .SQLITE_PERM,
        ])
    func environment(code: ResultCode) {
        #expect(name(DatabaseError(resultCode: code)) == "environment")
    }

    @Test(
        "what leaves the disk's content unknown is fatal",
        arguments: [
            ResultCode.SQLITE_IOERR, .SQLITE_IOERR_FSYNC, .SQLITE_IOERR_WRITE, .SQLITE_CORRUPT, .SQLITE_CORRUPT_VTAB,
            .SQLITE_NOTADB,
        ])
    func fatal(code: ResultCode) {
        #expect(name(DatabaseError(resultCode: code)) == "fatal")
    }

    @Test("the log's full disk is the environment's, its failed sync is fatal")
    func log() {
        #expect(name(LogError.noSpace(topic: .orders, file: "f")) == "environment")
        #expect(name(LogError.unreadable(topic: .orders, file: "f", operation: "open", errno: 24)) == "environment")
        let shorter = LogError.acknowledgedDataLost(topic: .orders, end: 0, expected: 4, witness: "this reader")
        #expect(name(shorter) == "environment", "after a power cut the owner may not be up yet")
        #expect(name(LogError.syncFailed(topic: .orders, file: "f", errno: 5)) == "fatal")
        #expect(name(LogError.corrupt(topic: .orders, file: "f", byte: 1, reason: "r")) == "fatal")
        #expect(name(LogError.sequenceReused(topic: .orders, sequence: 1, offset: 0)) == "fatal")
        #expect(name(LogError.fenced(topic: .orders, epoch: 1, byEpoch: 2)) == "fatal")
    }

    @Test("anything else is the event's and may pass")
    func event() {
        #expect(name(Broken("x")) == "event")
        #expect(name(DatabaseError(resultCode: .SQLITE_CONSTRAINT)) == "event")
        #expect(name(CancellationError()) == "event")
    }

    @Test("the delay doubles from attempt to attempt, by half to one and a half of it, up to a bound")
    func delay() {
        let policy = RetryPolicy()
        let randomness = SeededRandomness(seed: 9)
        var seen: Set<Int64> = []
        for attempt in 1...12 {
            let middle = min(Double(100_000 << (attempt - 1)), 10_000_000)
            for _ in 0..<200 {
                let delay = policy.delay(afterAttempt: attempt, randomness).microseconds
                #expect(Double(delay) >= middle * 0.5 - 1 && Double(delay) <= middle * 1.5)
                seen.insert(delay)
            }
        }
        #expect(seen.count > 2000, "jitter: hardly two delays are the same")
        #expect(policy.delay(afterAttempt: 4_000, randomness) <= .seconds(15))
    }
}
