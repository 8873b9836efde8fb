import Contracts
import GRDB
import Synchronization

/// Makes handlers fail: while a rule stands, the event of that subject throws at that point.
final class Faults: Sendable {
    enum Point: Hashable, Sendable {
        /// Before anything is written.
        case apply
        /// After the foreign fact is written.
        case decide
        /// While the service's own event is applied, after its row is written.
        case fact
    }

    private struct Rule: Hashable {
        let subject: String
        let point: Point
        let type: String?
    }

    private let rules = Mutex<[Rule: any Error]>([:])
    private let calls = Mutex<[String: Int]>([:])

    func fail(
        _ subject: String, at point: Point = .decide, type: String? = nil, with error: any Error = Broken("breaks")
    ) {
        rules.withLock { $0[Rule(subject: subject, point: point, type: type)] = error }
    }

    func heal() {
        rules.withLock { $0 = [:] }
    }

    func heal(_ subject: String) {
        rules.withLock { rules in rules = rules.filter { $0.key.subject != subject } }
    }

    func check(_ subject: String, _ type: String, _ point: Point) throws {
        calls.withLock { $0[subject, default: 0] += 1 }
        let error = rules.withLock { rules in
            rules[Rule(subject: subject, point: point, type: type)]
                ?? rules[Rule(subject: subject, point: point, type: nil)]
        }
        if let error { throw error }
    }

    func calls(of subject: String) -> Int {
        calls.withLock { $0[subject] ?? 0 }
    }
}

/// An error that belongs to the event and may pass.
struct Broken: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension DatabaseError {
    static let busy = DatabaseError(resultCode: .SQLITE_BUSY, message: "somebody else writes")
    static let ioError = DatabaseError(resultCode: .SQLITE_IOERR, message: "disk I/O error")
    static let corrupt = DatabaseError(resultCode: .SQLITE_CORRUPT, message: "malformed")
}
