/// One fault of one run: what breaks, at which call, under which service, counted from when and where.
///
/// As text `write-KILL:7:payment:load`, or `write-KILL:7:payment:load:log`, which `STAMPEDE_SWEEP` takes, too.
struct DiskFault: Sendable, Hashable, CustomStringConvertible {
    /// A call and what it comes to. Raw values are `STAMPEDE_FAULT_CALL` and `STAMPEDE_FAULT_EFFECT` of
    /// `FaultInjection/faults.c`.
    enum Kind: String, CaseIterable, Sendable {
        case failedSync = "fdatasync-EIO"
        case fullDisk = "write-ENOSPC"
        /// While a segment is made and the one before it sealed.
        case fullDiskInRoll = "roll-ENOSPC"
        case killedAtWrite = "write-KILL"
        /// `fsync` and `fdatasync`.
        case killedAtSync = "sync-KILL"
        case killedAtRename = "rename-KILL"
        /// Of a file, shared: commit pages, SQLite's WAL index.
        case killedAtMap = "mmap-KILL"

        var call: FaultPage.Call {
            switch self {
            case .failedSync: .fdatasync
            case .fullDisk, .killedAtWrite: .write
            case .fullDiskInRoll: .roll
            case .killedAtSync: .sync
            case .killedAtRename: .rename
            case .killedAtMap: .mmap
            }
        }

        /// EIO, ENOSPC or KILL.
        var effect: String { String(rawValue.dropFirst(call.rawValue.count + 1)) }
        var kills: Bool { effect == "KILL" }
    }

    /// From when on calls are counted.
    enum Stage: String, CaseIterable, Sendable {
        /// The service's first start, in an empty data directory.
        case start
        /// The service is ready; products and stock come first.
        case ready
        /// The first order.
        case load
        /// The service's start after a kill -9 in the middle of the orders.
        case restart
    }

    /// The five, without the suffix.
    static let services = ["order", "inventory", "payment", "notification", "analytics"]

    let kind: Kind
    /// From 1.
    let number: Int
    let service: String
    let stage: Stage
    /// Calls there are counted; nil for log, database and mailbox together.
    let place: FaultPage.Place?

    var description: String {
        "\(kind.rawValue):\(number):\(service):\(stage.rawValue)" + (place.map { ":\($0.rawValue)" } ?? "")
    }

    init(_ kind: Kind, _ number: Int, _ service: String, _ stage: Stage, in place: FaultPage.Place? = nil) {
        self.kind = kind
        self.number = number
        self.service = service
        self.stage = stage
        self.place = place
    }

    /// Nil for what is no fault.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":" as Character).map { String($0) }
        guard parts.count == 4 || parts.count == 5, let kind = Kind(rawValue: parts[0]), let number = Int(parts[1]),
            number > 0, Self.services.contains(parts[2]), let stage = Stage(rawValue: parts[3])
        else { return nil }
        let place = parts.count == 5 ? FaultPage.Place(rawValue: parts[4]) : nil
        guard parts.count == 4 || place != nil else { return nil }
        self.init(kind, number, parts[2], stage, in: place)
    }

    /// How much of the call is done: all three ways come in turn as N rises.
    var how: String {
        switch kind {
        case .failedSync, .fullDiskInRoll: "before"
        case .fullDisk: ["half", "before"][number % 2]
        case .killedAtWrite: ["after", "before", "half"][number % 3]
        case .killedAtSync, .killedAtRename, .killedAtMap: ["after", "before"][number % 2]
        }
    }

    /// For the program under fault.
    var environment: [String: String] {
        [
            "STAMPEDE_FAULT_CALL": kind.call.rawValue, "STAMPEDE_FAULT_EFFECT": kind.effect,
            "STAMPEDE_FAULT_AT": "\(number)", "STAMPEDE_FAULT_HOW": how,
        ]
    }
}
