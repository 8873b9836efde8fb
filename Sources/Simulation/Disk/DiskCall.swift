/// A call of a simulated process to its disk, in which something can go wrong.
enum DiskCall: Hashable, Sendable {
    case create, write, sync, truncate, allocate, rename, link, remove, syncDirectory, read
    /// A sync of a database's write-ahead log: the moment at which a transaction is durable.
    case commit
    /// A store to a shared page, as when a frame is published.
    case publish

    /// Whether it needs room.
    var takesSpace: Bool {
        switch self {
        case .create, .write, .allocate, .rename, .link: true
        default: false
        }
    }

    var isSync: Bool { self == .sync || self == .commit || self == .syncDirectory }
}

/// What becomes of a call.
enum Sabotage: Equatable {
    case none
    case fails(errno: Int32)
    /// The process is gone before the call did anything, in the middle of it, or when it is done and nobody knows.
    case kills(Moment)

    enum Moment: CaseIterable {
        case before, during, after
    }
}

/// Error numbers of Linux; the simulation has them on every system.
enum ErrorNumber {
    static let missing: Int32 = 2
    static let inputOutput: Int32 = 5
    static let wouldBlock: Int32 = 11
    static let exists: Int32 = 17
    static let invalid: Int32 = 22
    static let noSpace: Int32 = 28
}
