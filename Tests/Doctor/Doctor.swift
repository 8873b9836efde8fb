import Contracts
import Foundation
import TestSupport

/// Changes one thing in the evidence of a finished run, as somebody with write access to its directory could: a field of
/// an event (the log chained again behind it), an event, a cell or row of a database, a byte, a message, a line, a file.
///
/// The judge must notice each change. What it need not notice is on `Excuses`, with the reason.
///
/// The directory is the doctor's own: a change is made in place, and `restore` takes it back, with whatever the judge
/// left behind.
package final class Doctor {
    package let directory: String
    private let snapshot: Snapshot
    private let logs: EvidenceLog
    private let databases: [EvidenceTables]

    /// - Parameter directory: a data directory at rest.
    package init(directory: String) throws {
        self.directory = directory
        logs = try EvidenceLog(directory: directory)
        databases = try EvidenceTables.all(in: directory)
        snapshot = try Snapshot(of: directory)
    }

    /// Makes one change that follows from the seed.
    package func change(seed: UInt64) throws -> Change {
        var random = SeededRandom(seed: seed)
        while true {
            let kind = Change.Kind.weighted[random.below(Change.Kind.weighted.count)]
            if let change = try attempt(kind, &random) { return change }
            try restore()
        }
    }

    /// Changes every field of an event of each type, one after the other, and takes each change back.
    ///
    /// - Parameters:
    ///   - types: of events.
    ///   - perType: events of each type.
    ///   - attempts: ways in which each field is changed.
    /// - Returns: the types that the run holds.
    package func changeEveryField(
        of types: Set<String>, perType: Int, attempts: Int = 1, seed: UInt64 = 1, _ body: (Change) throws -> Void
    ) throws -> Set<String> {
        var random = SeededRandom(seed: seed)
        let samples = logs.samples(of: types, perType)
        for sample in samples {
            for (field, path) in EventFields(sample.event).all {
                for _ in 0..<attempts {
                    if let change = try logs.change(sample, field, path, &random) { try body(change) }
                    try restore()
                }
            }
        }
        return Set(samples.map(\.event.type))
    }

    /// Nil where the run has nothing of that kind, or the change would change nothing.
    private func attempt(_ kind: Change.Kind, _ random: inout SeededRandom) throws -> Change? {
        switch kind {
        case .eventField: try logs.changeField(&random)
        case .event: try logs.changeEvents(&random)
        case .cell: try databases.randomElement(using: &random)?.changeCell(&random)
        case .row: try databases.randomElement(using: &random)?.changeRow(&random)
        case .databaseByte: try databases.randomElement(using: &random)?.changeByte(&random)
        case .logByte: try logs.changeByte(&random)
        case .message: try EvidenceMail(directory: directory)?.change(&random)
        case .journalLine: try EvidenceJournal(directory: directory)?.change(&random)
        case .file: try snapshot.changeFile(&random)
        }
    }

    /// Every file as it was, and no other.
    package func restore() throws { try snapshot.restore() }
}

/// What was changed.
package struct Change: CustomStringConvertible {
    package enum Kind: String, CaseIterable {
        case eventField, event, cell, row, databaseByte, logByte, message, journalLine, file

        /// As often as there are ways to go wrong with it.
        static let weighted: [Kind] =
            [Kind](repeating: .eventField, count: 8) + [Kind](repeating: .cell, count: 6)
            + [Kind](repeating: .message, count: 4) + [.event, .event, .row, .row, .databaseByte, .logByte]
            + [.journalLine, .file]
    }

    package let kind: Kind
    /// Where, without the values: `orders v1.OrderCreated data.total.amount`, `order.db orders.status`, `mail To`.
    package let place: String
    package let detail: String

    init(_ kind: Kind, _ place: String, _ detail: String) {
        self.kind = kind
        self.place = place
        self.detail = detail
    }

    package var description: String { "\(kind.rawValue): \(place): \(detail)" }
}
