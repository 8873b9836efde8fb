import Contracts
import Delivery
import EventLog
import FileEventLog

/// The machine with the five services on it, the gateway and the customers around it, and what goes wrong: one run.
///
/// Everything happens on the thread that calls `run`, in an order that follows from the seed. Unchecked for that reason.
final class World: @unchecked Sendable {
    let options: WorldOptions
    let shop: Shop
    let time = VirtualTime()
    let executor: SeededExecutor
    let disk = SimulatedDisk()
    let trace: Trace
    private(set) lazy var saboteur = Saboteur(world: self, SeededRandom(seed: options.seed, "saboteur"))
    private(set) lazy var gateway = SimulatedGateway(world: self)
    /// Alive or dead; nil before the first start.
    private var processes: [ServiceName: SimulatedProcess] = [:]
    private var processCount = 0
    private var random: SeededRandom
    private var restarts: [ServiceName: Int] = [:]
    /// Services that are kept down until then.
    private var downUntil: [ServiceName: Int64] = [:]
    private(set) var violation: Violation?
    private(set) var rot: Rot?

    // What the people outside know.
    var acknowledged: [Acknowledgement] = []
    var isStocked = false
    var isOperatorDone = false
    private var shoppersLeft: Int
    private var people: [Task<Void, Never>] = []

    /// Set in a call that a loss of power interrupts.
    var powerIsLost = false
    private var hasPower = true
    /// Services that have opened their topics since power was lost last: until its owner has, a topic may seem shorter than
    /// it is, and whoever looks from outside takes that for a loss.
    private var settled: Set<ServiceName> = []
    var isQuiet: Bool { settled.count == ServiceName.allCases.count && rot == nil }

    /// Jobs run in one world at most: more is a loop that never rests.
    private static let mostSteps = 20_000_000

    init(_ options: WorldOptions) {
        self.options = options
        shop = Shop(options)
        executor = SeededExecutor(SeededRandom(seed: options.seed, "schedule"))
        trace = Trace(time: time, isTold: options.isTold)
        random = SeededRandom(seed: options.seed, "world")
        shoppersLeft = options.orders
    }

    var observer: ProcessDisk { ProcessDisk(disk, SimulatedProcess(self, nil, number: 0, isObserver: true)) }

    func process(_ service: ServiceName?) -> SimulatedProcess? {
        service.flatMap { processes[$0] }
    }

    func log(on disk: ProcessDisk, _ randomness: SeededRandomness) -> FileEventLog {
        FileEventLog(
            directory: "/log", archive: disk.process.isObserver ? "/archive" : nil, disk: disk,
            options: FileEventLog.Options(segmentBytes: shop.segmentBytes, zeroAheadBytes: shop.zeroAheadBytes),
            now: { [time] in time.wall }, randomBytes: { randomness.bytes($0) })
    }

    // MARK: - Phases

    /// Things go wrong, and nothing is ever false.
    func runFaults() {
        saboteur.begin(options.plan)
        for service in ServiceName.allCases { start(service, after: random.milliseconds(0...50)) }
        people = (1...max(1, options.orders)).prefix(options.orders).map { Shopper($0, in: self).start() }
        people.append(Operator(world: self).start())
        advance(until: options.span)
    }

    /// Nothing goes wrong any more, and all comes to its end.
    func runRepaired() {
        guard violation == nil else { return }
        saboteur.end()
        if let rot { repair(rot) }
        rot = nil
        downUntil = [:]
        trace.note("repaired", "")
        for service in ServiceName.allCases where processes[service]?.isDead != false {
            start(service, after: random.milliseconds(0...500))
        }
        let deadline = options.span + options.patience
        var next = options.span
        while violation == nil, !isAtRest() {
            guard next < deadline else {
                return fail(
                    .liveness, "\(options.patience) after the last fault: \(leftOver().joined(separator: "; "))")
            }
            next += .seconds(1)
            advance(until: next)
        }
    }

    /// Ends every process and every person, and lets their tasks run out.
    func stop() {
        saboteur.end()
        hasPower = false
        for process in living { process.die() }
        for person in people { person.cancel() }
        while executor.step() {}
        processes = [:]
        time.forgetTimers()
    }

    private func advance(until end: Duration) {
        let end = end.microseconds
        time.after(.microseconds(end - time.microseconds)) {}  // time does not jump past it
        while violation == nil, time.microseconds < end {
            time.fireDue()
            if let service = saboteur.dueAtAwait(), let process = processes[service] { crash(process) }
            if executor.step() {
                time.passes(.microseconds(random.between(1...40)))
            } else if !time.jump() {
                return fail(.liveness, "nothing is left to do, and nobody waits for anything")
            }
            if executor.steps > Self.mostSteps { return fail(.liveness, "it never comes to rest") }
        }
    }

    // MARK: - Processes

    var living: [SimulatedProcess] { ServiceName.allCases.compactMap { processes[$0] }.filter { !$0.isDead } }

    private func start(_ service: ServiceName, after delay: Duration) {
        time.after(delay) { [self] in
            guard hasPower, processes[service]?.isDead != false else { return }
            if let until = downUntil[service], until > time.microseconds {
                start(service, after: .microseconds(until - time.microseconds))
                return
            }
            processCount += 1
            let process = SimulatedProcess(self, service, number: processCount)
            processes[service] = process
            trace.note("starts", service.rawValue)
            for fault in shop.shaping(service) where fault.kind != .handlerFault {
                saboteur.fired(fault.kind, of: fault)
            }
            process.start(service)
        }
    }

    /// It has opened everything and is about to run.
    func started(_ process: SimulatedProcess) {
        trace.note("runs", process.service?.rawValue ?? "")
        if let service = process.service { settled.insert(service) }
        if let node = process.node, lag(of: node) >= Self.farBehind { saboteur.fired(.farBehind) }
    }

    /// Events that a service finds unread at its start, from which on it is far behind.
    private static let farBehind: UInt64 = 20

    /// A process ends by itself.
    func ended(_ process: SimulatedProcess, because error: (any Error)?) {
        let service = process.service?.rawValue ?? "program"
        trace.note("ends", service)
        trace.tell("\(service) ended: \(error.map { "\($0)" } ?? "nothing left to run")")
        if let refusal = refusal(error) { fail(.refusal, "\(service) ended for good: \(refusal)") }
        bury(process)
    }

    /// A process dies without a word.
    func crash(_ process: SimulatedProcess) {
        trace.note("crashes", process.service?.rawValue ?? "program")
        bury(process)
    }

    /// A process died in a call to the disk; the machine with it, perhaps.
    func carryOutDeath(of process: SimulatedProcess) {
        guard powerIsLost else { return crash(process) }
        powerIsLost = false
        trace.note("power", "lost")
        settled = []
        let wereLiving = living
        for one in wereLiving + [process] { one.die() }
        let loss = disk.losePower(&random)
        saboteur.fired(.writeLost, times: loss.lostWrites)
        saboteur.fired(.writeTorn, times: loss.tornWrites)
        saboteur.fired(.entryLost, times: loss.lostEntries)
        let reboot = random.milliseconds(500...5000)
        for one in wereLiving {
            if let service = one.service { start(service, after: reboot + random.milliseconds(0...3000)) }
        }
    }

    private func bury(_ process: SimulatedProcess) {
        guard !process.isDead else { return }
        process.die()
        guard let service = process.service else { return }
        restarts[service, default: 0] += 1
        start(service, after: random.milliseconds(50...2000))
    }

    func takeDown(_ service: ServiceName, for duration: Duration) {
        downUntil[service] = time.microseconds + duration.microseconds
        if let process = processes[service] { crash(process) }
    }

    /// Why a service would not start again either, or fails where no fault of the world's explains it.
    private func refusal(_ error: (any Error)?) -> String? {
        guard let error else { return "its parts came to an end by themselves" }
        switch error {
        case let error as LogError:
            switch error {
            case .corrupt where rot != nil: return nil
            case .syncFailed, .noSpace, .unreadable, .acknowledgedDataLost: return nil
            default: return "\(error)"
            }
        case let error as any EnvironmentFault where error.isFinal: return nil
        case let error as any DatabaseFailure: return error.isOfTheDisk ? nil : "\(error)"
        case is DiskError, is FileFault, is CancellationError: return nil
        default: return "\(error)"
        }
    }

    // MARK: - Wake-ups

    /// A shared page was changed: who watches hears of it a little later.
    func somethingChanged() {
        for process in living { somethingChanged(for: process) }
    }

    func somethingChanged(for process: SimulatedProcess) {
        guard !process.isToBeWoken else { return }
        process.isToBeWoken = true
        time.after(random.milliseconds(0...2)) {
            process.isToBeWoken = false
            process.watches = process.watches.filter { $0() }
        }
    }

    // MARK: - What must hold

    func fail(_ kind: Violation.Kind, _ text: String, order: OrderID? = nil) {
        guard violation == nil else { return }
        violation = Violation(kind: kind, text: text, order: order?.description)
        trace.note("violation", kind.rawValue)
    }

    func expectSame(_ order: OrderID, _ known: OrderID?) {
        guard order != known else { return }
        fail(
            .invariant, "one key was answered with two orders: \(order) and \(known?.description ?? "none")",
            order: order)
    }

    func orderIsGone(_ order: OrderID) {
        fail(.invariant, "order \(order) was acknowledged, and Order does not know it", order: order)
    }

    func shopperIsDone() { shoppersLeft -= 1 }

    /// Whether all that was begun has come to its end.
    private func isAtRest() -> Bool {
        // Of a world that is at work, the first question says so.
        shoppersLeft == 0 && isOperatorDone && living.count == ServiceName.allCases.count && leftOver().isEmpty
    }

    private func leftOver() -> [String] {
        var left: [String] = []
        if shoppersLeft > 0 { left.append("\(shoppersLeft) shoppers have no answer") }
        if !isOperatorDone { left.append("the shop is not stocked") }
        let ends = ends
        for service in ServiceName.allCases {
            guard let process = processes[service], !process.isDead, let node = process.node else {
                left.append("\(service.rawValue) is down")
                continue
            }
            do {
                left += try Backlog(of: node, ends: ends).lines
            } catch {
                left.append("\(service.rawValue) cannot be asked: \(error)")
            }
        }
        return left
    }

    private func lag(of node: ServiceNode) -> UInt64 {
        (try? Backlog(of: node, ends: ends).lag) ?? 0
    }

    /// Where each topic ends now.
    private var ends: [Topic: UInt64] {
        let observer = observer
        let log = log(on: observer, observer.process.randomness)
        var ends: [Topic: UInt64] = [:]
        for topic in (try? log.topics()) ?? [] {
            ends[topic] = try? log.openReader(of: topic, from: Position(nextOffset: 0, token: [])).end()
        }
        return ends
    }

    // MARK: - Rot and retention

    func rot(_ fault: PlannedFault) {
        var chance = SeededRandom(seed: fault.seed)
        guard rot == nil, let place = Rot.choose(on: disk, &chance) else {
            // Nothing is sealed yet.
            if rot == nil { time.after(.seconds(1)) { [self] in if !saboteur.isOver { rot(fault) } } }
            return
        }
        rot = place
        place.flip(on: disk)
        saboteur.fired(.bitRot, of: fault)
        trace.tell("rot at \(place)")
    }

    /// The verifier names the file, then the operator puts the copy back.
    private func repair(_ rot: Rot) {
        let observer = observer
        let log = log(on: observer, observer.process.randomness)
        do {
            let faults = try log.verify(rot.topic).faults
            if !faults.contains(where: { rot.isNamed(by: $0) }) {
                fail(.rotUnnoticed, "\(rot) was not found; the verifier says \(faults)")
            }
        } catch {
            fail(.rotUnnoticed, "\(rot): the topic cannot be verified: \(error)")
        }
        rot.flip(on: disk)
    }

    func archive(_ fault: PlannedFault) {
        processCount += 1
        let program = SimulatedProcess(self, nil, number: processCount)
        do {
            if try Archiving(world: self, program: program).run() { saboteur.fired(.archive, of: fault) }
        } catch {
            trace.tell("archiving: \(error)")
            if !program.isDead, let refusal = refusal(error) { fail(.refusal, "archiving: \(refusal)") }
        }
    }
}
