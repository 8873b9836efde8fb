import Contracts
import EventLog
import GRDB

/// Events on which the process died by a trap, and how often.
///
/// *Guarantee*: an event that kills the process three times is buried with the evidence; until then it waits, and others
/// flow. A `kill -9` counts for nothing: it leaves no evidence. *If broken*: one event keeps a service in an endless round
/// of restarts, or a machine that was short of memory sends good events to the desk.
struct Trials {
    struct Trial: Equatable {
        let deaths: Int
        let signal: Int32
    }

    private struct Place: Hashable {
        let topic: Topic
        let offset: UInt64
    }

    /// Few: those that are not decided yet.
    private var open: [Place: Trial] = [:]

    var isEmpty: Bool { open.isEmpty }

    init(_ db: Database) throws {
        for row in try Row.fetchAll(db, sql: "SELECT topic, offset, deaths, signal FROM trials") {
            let cell = Cells(row, of: "trials")
            open[Place(topic: Topic(try cell(0)), offset: try cell(1))] = Trial(
                deaths: try cell(2), signal: try cell(3))
        }
    }

    func trial(of logged: LoggedEvent) -> Trial? {
        open[Place(topic: logged.topic, offset: logged.offset)]
    }

    /// Counts a death, once a stamp.
    mutating func count(_ death: Death, at now: Timestamp, _ db: Database) throws {
        #if MUTANTS
            if Mutant.trapNotCounted.isOn { return }
        #endif
        try db.execute(
            sql: """
                INSERT INTO trials (topic, offset, deaths, signal, stamp, at) VALUES (?, ?, 1, ?, ?, ?)
                ON CONFLICT (topic, offset) DO UPDATE
                SET deaths = deaths + 1, signal = excluded.signal, stamp = excluded.stamp, at = excluded.at
                WHERE stamp <> excluded.stamp
                """,
            arguments: [death.topic.name, Int64(death.offset), death.signal, death.stamp, now.microseconds])
        self = try Trials(db)
    }

    /// The event is decided: handled or dead.
    mutating func close(_ logged: LoggedEvent, _ db: Database) throws {
        guard open.removeValue(forKey: Place(topic: logged.topic, offset: logged.offset)) != nil else { return }
        try db.execute(
            sql: "DELETE FROM trials WHERE topic = ? AND offset = ?",
            arguments: [logged.topic.name, Int64(logged.offset)])
    }
}

extension Trials.Trial: CustomStringConvertible {
    var fault: Fault { .trap(deaths: deaths, description) }

    var description: String {
        "the process died \(deaths == 1 ? "once" : "\(deaths) times") while it handled this event, last of signal "
            + "\(signal) (\(Self.names[signal] ?? "unknown")); its log says where"
    }

    /// By the numbers of Linux.
    private static let names: [Int32: String] = [
        4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 11: "SIGSEGV", 31: "SIGSYS",
    ]
}
