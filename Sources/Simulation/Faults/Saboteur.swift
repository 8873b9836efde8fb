import Contracts

/// Carries out the plan: says of each call of a process what becomes of it, and what of the world outside fails now.
///
/// Unchecked: a world runs on one thread.
final class Saboteur: @unchecked Sendable {
    private unowned let world: World
    /// Waiting for their call or step, with how many are to pass.
    private var armed: [(fault: PlannedFault, left: Int)] = []
    /// In force now.
    private var open: [PlannedFault] = []
    private var random: SeededRandom
    private(set) var isOver = false
    /// Numbers of the faults that happened: what a shorter list can be made of.
    private(set) var happened: Set<Int> = []
    private(set) var tally = FaultTally()

    init(world: World, _ random: SeededRandom) {
        self.world = world
        self.random = random
    }

    // MARK: - The plan

    func begin(_ plan: FaultPlan) {
        for fault in plan.faults where !fault.kind.isForTheWholeRun {
            world.time.after(fault.at) { [self] in
                guard !isOver else { return }
                strike(fault)
            }
        }
    }

    /// Nothing goes wrong from now on.
    func end() {
        isOver = true
        armed = []
        open = []
    }

    func fired(_ kind: FaultKind, times: Int = 1, of fault: PlannedFault? = nil) {
        guard times > 0 else { return }
        if let fault { happened.insert(fault.number) }
        tally.fired(kind, times: times)
        world.trace.note("fault", kind.rawValue)
    }

    private func strike(_ fault: PlannedFault) {
        switch fault.kind {
        case .crashAtAwait, .crashAtWrite, .crashAtSync, .crashAtCommit, .crashAtRename, .machineCrash, .syncError:
            armed.append((fault, fault.count))
        case .longDown:
            if world.process(fault.service)?.isDead == false {
                fired(.longDown, of: fault)
                world.takeDown(fault.service!, for: .seconds(5) + fault.lasts * 4)  // of a service, by its kind
            }
        case .clockForward, .clockBackward:
            // From 60 ms to a day, twice as far each; back an hour at most.
            let step = Duration.microseconds(60_000 << Int64(fault.seed % 22))
            let ahead: Duration =
                fault.kind == .clockForward ? min(step, .seconds(86_400)) : .zero - min(step, .seconds(3600))
            world.time.setWallClock(ahead: ahead)
            fired(fault.kind, of: fault)
        case .bitRot: world.rot(fault)
        case .archive: world.archive(fault)
        default:
            open.append(fault)
            world.time.after(fault.lasts) { [self] in open.removeAll { $0.number == fault.number } }
        }
    }

    // MARK: - In a call

    func look(at call: DiskCall, _ path: String, by process: SimulatedProcess) -> Sabotage {
        guard !isOver else { return .none }
        if call != .read { world.trace.note("disk", path, UInt64(bitPattern: Int64(call.hashNumber))) }
        if call.isSync, let slow = inForce(.slowDisk) {
            fired(.slowDisk, of: slow)
            world.time.passes(random.milliseconds(1...400))
        }
        if call.takesSpace, let full = inForce(.diskFull), hits(path, full) {
            fired(.diskFull, of: full)
            return .fails(errno: ErrorNumber.noSpace)
        }
        for index in armed.indices where matches(armed[index].fault, call, process) {
            guard armed[index].left == 0 else {
                armed[index].left -= 1
                continue
            }
            let fault = armed.remove(at: index).fault
            fired(fault.kind, of: fault)
            if fault.kind == .syncError { return .fails(errno: ErrorNumber.inputOutput) }
            if fault.kind == .machineCrash { world.powerIsLost = true }
            return .kills(Sabotage.Moment.allCases[Int(fault.seed % 3)])
        }
        return .none
    }

    private func matches(_ fault: PlannedFault, _ call: DiskCall, _ process: SimulatedProcess) -> Bool {
        if fault.kind == .machineCrash { return call != .read }
        return fault.kind.strikes(call) && fault.service == process.service
    }

    /// All of the disk is full, or only one of its parts: each on a file system of its own, say.
    private func hits(_ path: String, _ fault: PlannedFault) -> Bool {
        switch fault.seed % 4 {
        case 0: path.hasPrefix("/log")
        case 1: path.hasPrefix("/db") || path.hasPrefix("/mail")
        default: true
        }
    }

    /// Between two jobs: whose turn it is to die.
    func dueAtAwait() -> ServiceName? {
        for index in armed.indices where armed[index].fault.kind == .crashAtAwait {
            if armed[index].left > 0 {
                armed[index].left -= 1
            } else if let service = armed[index].fault.service, world.process(service)?.isDead == false {
                fired(.crashAtAwait, of: armed.remove(at: index).fault)
                return service
            }
        }
        return nil
    }

    // MARK: - In the world outside

    /// The window of a kind that is open now; what it does is counted by whoever asks.
    func inForce(_ kind: FaultKind) -> PlannedFault? {
        open.first { $0.kind == kind }
    }

    /// Whether a fault of the kind hits this one time.
    func strikesNow(_ kind: FaultKind, chance: Double) -> Bool {
        guard let fault = inForce(kind), random.chance(chance) else { return false }
        fired(kind, of: fault)
        return true
    }

    func milliseconds(_ range: ClosedRange<Int>) -> Duration { random.milliseconds(range) }
}

extension DiskCall {
    /// For the trace: the same in every run.
    fileprivate var hashNumber: Int {
        switch self {
        case .create: 1
        case .write: 2
        case .sync: 3
        case .truncate: 4
        case .allocate: 5
        case .rename: 6
        case .link: 7
        case .remove: 8
        case .syncDirectory: 9
        case .read: 10
        case .commit: 11
        case .publish: 12
        }
    }
}
