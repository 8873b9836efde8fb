/// What can go wrong in a world.
package enum FaultKind: String, CaseIterable, Codable, Sendable {
    // A process dies.
    case crashAtAwait = "crash-at-await"
    case crashAtWrite = "crash-at-write"
    case crashAtSync = "crash-at-sync"
    case crashAtCommit = "crash-at-commit"
    case crashAtRename = "crash-at-rename"
    case longDown = "long-down"
    // The machine loses power.
    case machineCrash = "machine-crash"
    // The disk.
    case diskFull = "disk-full"
    case syncError = "sync-error"
    case slowDisk = "slow-disk"
    case bitRot = "bit-rot"
    // The clock.
    case clockForward = "clock-forward"
    case clockBackward = "clock-backward"
    // The gateway.
    case gatewaySlow = "gateway-slow"
    case gatewayDown = "gateway-down"
    case gatewayError = "gateway-error"
    case gatewayTwice = "gateway-twice"
    case gatewayLate = "gateway-late"
    case gatewayLost = "gateway-lost"
    // Delivery.
    case deliveredTwice = "delivered-twice"
    case topicsShuffled = "topics-shuffled"
    case handlerFault = "handler-fault"
    case shortInbox = "short-inbox"
    case archive
    // What follows of the others: counted, never planned.
    case cardDeclined = "card-declined"
    case writeLost = "write-lost"
    case writeTorn = "write-torn"
    case entryLost = "entry-lost"
    case farBehind = "far-behind"

    /// Whether a plan can hold it; the others follow.
    package var isPlanned: Bool {
        switch self {
        case .cardDeclined, .writeLost, .writeTorn, .entryLost, .farBehind: false
        default: true
        }
    }

    /// Whether it is in force for a while; the others happen once.
    var hasDuration: Bool {
        switch self {
        case .diskFull, .slowDisk, .gatewaySlow, .gatewayDown, .gatewayError, .gatewayTwice, .gatewayLate, .gatewayLost:
            true
        default: false
        }
    }

    /// Whether it holds for the whole run, and shapes how a service is started.
    var isForTheWholeRun: Bool {
        switch self {
        case .deliveredTwice, .topicsShuffled, .handlerFault, .shortInbox: true
        default: false
        }
    }

    /// Of one service; the others are of the machine, or of the world outside.
    var isOfAService: Bool {
        switch self {
        case .crashAtAwait, .crashAtWrite, .crashAtSync, .crashAtCommit, .crashAtRename, .longDown, .syncError,
            .deliveredTwice, .topicsShuffled, .handlerFault, .shortInbox:
            true
        default: false
        }
    }

    /// The call in which it happens, where it waits for one.
    func strikes(_ call: DiskCall) -> Bool {
        switch self {
        case .crashAtWrite: call == .write || call == .truncate || call == .publish
        case .crashAtSync: call == .sync || call == .syncDirectory
        case .crashAtCommit: call == .commit
        case .crashAtRename: [.rename, .create, .remove, .link, .allocate].contains(call)
        case .syncError: call.isSync
        default: false
        }
    }
}
