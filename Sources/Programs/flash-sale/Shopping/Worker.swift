import NIOCore
import NIOPosix

/// Where the shop is and how shoppers behave.
struct WorkerPlan: Codable, Sendable, Equatable {
    /// An address, or a name that is looked up, and looked up again after a connect that failed.
    var host = "127.0.0.1"
    var port: Int
    /// Local addresses to come from, in turn; each has about 28,000 ports. None for the system's choice.
    var sourceAddresses: [String]
    var manners: Shopper.Manners
    /// Connections held at once; the process's open files less what it needs itself.
    var connectionLimit: Int
}

/// A worker cannot go on.
struct WorkerError: Error, CustomStringConvertible {
    var description: String
}

/// One event loop full of shoppers.
///
/// Confined to its event loop: whatever calls in is on it.
final class Worker {
    /// Shoppers started before the loop may turn to its sockets.
    static let burst = 32
    static let beat = TimeAmount.milliseconds(50)
    static let beatsASweep = 10
    /// A connect that is not answered is given up and begun anew after a time between these, in milliseconds: spread, for
    /// the time-outs of a crowd that came in one second must not fall into one second too.
    static let connectTimeout: (shortest: Double, longest: Double) = (10_000, 20_000)

    private let loop: any EventLoop
    private let plan: WorkerPlan
    private let visits: any Visits
    private let find: Find
    private var server: SocketAddress
    private var isFindingServer = false
    private let sources: [SocketAddress]
    private let journal: Journal
    private let onProgress: (Tally) -> Void
    private let finished: EventLoopPromise<WorkerResult>

    private var start: Int64 = 0
    private var shoppers: [Shopper] = []
    private var exchanges: [Exchange?]
    private var deadlines: [Int64]
    private var purposes: [Visit.Purpose?]
    private var hasDeparted: [Bool]
    private var departures = 0
    private var hasFailed = false
    private var next = 0
    private var held: [Int] = []
    private var connections = 0
    private var sourceTurn = 0
    private var beats = 0
    private var jitter: SplitMix64
    private var openConnections = OpenConnections()
    private var result = WorkerResult()

    /// The address of a host, by name or address. Blocks.
    typealias Find = @Sendable (_ host: String, _ port: Int) throws -> SocketAddress

    init(
        plan: WorkerPlan, visits: any Visits, journal: Journal, seed: UInt64, loop: any EventLoop,
        find: @escaping Find = { try .makeAddressResolvingHost($0, port: $1) },
        onProgress: @escaping (Tally) -> Void
    ) throws {
        self.plan = plan
        self.visits = visits
        self.journal = journal
        self.loop = loop
        self.onProgress = onProgress
        self.find = find
        server = try find(plan.host, plan.port)
        sources = try plan.sourceAddresses.map { try SocketAddress(ipAddress: $0, port: 0) }
        finished = loop.makePromise()
        exchanges = Array(repeating: nil, count: visits.count)
        deadlines = Array(repeating: 0, count: visits.count)
        purposes = Array(repeating: nil, count: visits.count)
        hasDeparted = Array(repeating: false, count: visits.count)
        jitter = SplitMix64(seed: seed, stream: 4, index: 0)
        shoppers.reserveCapacity(visits.count)
    }

    /// Monotonic nanoseconds, the same clock in every process of the machine.
    static var now: Int64 { Int64(truncatingIfNeeded: NIODeadline.now().uptimeNanoseconds) }

    /// Opens the doors at a monotonic instant; the result comes when everybody has departed.
    func run(startingAt start: Int64) -> EventLoopFuture<WorkerResult> {
        self.start = start
        shoppers = (0..<visits.count).map { Shopper(intended: start + visits.intended($0)) }
        journal.onSynced = { [unowned self] in synced($0) }
        schedule(at: shoppers.first?.intended ?? start) { $0.admit() }
        schedule(at: Self.now) { $0.onBeat() }
        return finished.futureResult
    }

    // MARK: Time

    private func schedule(at time: Int64, _ action: @escaping (Worker) -> Void) {
        loop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(UInt64(max(0, time)))) { [self] in action(self)
        }
    }

    /// Sends off everybody whose time has come.
    private func admit() {
        var started = 0
        let now = Self.now
        while next < shoppers.count, shoppers[next].intended <= now, started < Self.burst {
            let visitor = next
            next += 1
            started += 1
            if let predecessor = visits.predecessor(of: visitor), !hasDeparted[predecessor] { continue }
            connect(visitor)
        }
        guard next < shoppers.count else { return }
        // Between bursts the loop sees to its sockets; between arrivals it sleeps, at least half a millisecond.
        let due = shoppers[next].intended
        schedule(at: due <= now ? now : max(due, now + 500_000)) { $0.admit() }
    }

    private func onBeat() {
        guard !hasFailed else { return }
        beats += 1
        journal.sync()
        if beats % Self.beatsASweep == 0 {
            let now = Self.now
            for (visitor, exchange) in exchanges.enumerated() {
                if let exchange, deadlines[visitor] <= now { exchange.abandon() }
            }
            leaveQueue(now: now)
            onProgress(result.tally)
        }
        if departures == shoppers.count, journal.isIdle, connections == 0 { return finish() }
        loop.assumeIsolated().scheduleTask(in: Self.beat) { [self] in onBeat() }
    }

    /// Those who wait for a free connection lose patience like everybody else.
    private func leaveQueue(now: Int64) {
        guard !held.isEmpty else { return }
        var staying: [Int] = []
        for visitor in held {
            if now > shoppers[visitor].intended + plan.manners.patienceNanoseconds {
                depart(visitor, as: shoppers[visitor].hasSent ? .gaveUp : .notSent)
            } else {
                staying.append(visitor)
            }
        }
        held = staying
    }

    private func finish() {
        journal.close()
        openConnections.fill(to: Self.now - start)
        result.openBySlot = openConnections.bySlot
        onProgress(result.tally)
        finished.succeed(result)
    }

    private func synced(_ outcome: Result<Int, JournalError>) {
        switch outcome {
        case .success(let orders): result.tally.accepted += orders
        case .failure(let error):
            hasFailed = true
            onProgress(result.tally)
            finished.fail(error)
        }
    }

    // MARK: One visitor

    private func connect(_ visitor: Int) {
        guard connections < plan.connectionLimit else { return held.append(visitor) }
        guard let visit = visits.visit(visitor) else { return depart(visitor, as: .skipped) }
        purposes[visitor] = visit.purpose
        connections += 1
        let exchange = Exchange(ticket: visitor, request: visit.request, owner: self)
        exchanges[visitor] = exchange
        deadlines[visitor] = .max
        let bound = NIOLoopBound(exchange, eventLoop: loop)
        var bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(connectTimeout())
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value) }
            }
        #if os(Linux)
            if !sources.isEmpty {
                sourceTurn = (sourceTurn + 1) % sources.count
                bootstrap = bootstrap.channelOption(SourceAddress.bindWithoutPort, value: 1).bind(
                    to: sources[sourceTurn])
            }
        #endif
        bootstrap.connect(to: server).assumeIsolated().whenFailure { [self] _ in
            exchanges[visitor] = nil
            connections -= 1
            result.tally.connectRetries += 1
            findServerAgain()
            let step = shoppers[visitor].suffered(
                .connectFailed, now: Self.now, manners: plan.manners, jitter: jitter.unit())
            take(step, visitor)
            admitHeld()
        }
    }

    /// A container that comes back may have another address. Off the loop: a name server may take its time.
    private func findServerAgain() {
        guard !isFindingServer, (try? SocketAddress(ipAddress: plan.host, port: plan.port)) == nil else { return }
        isFindingServer = true
        NIOThreadPool.singleton.runIfActive(eventLoop: loop) { [find, plan] in
            try find(plan.host, plan.port)
        }.assumeIsolated().whenComplete { [self] found in
            isFindingServer = false
            // A name that nobody has for the moment is looked up again after the next failure.
            if case .success(let address) = found { server = address }
        }
    }

    private func connectTimeout() -> TimeAmount {
        let (shortest, longest) = Self.connectTimeout
        return .milliseconds(Int64(shortest + (longest - shortest) * jitter.unit()))
    }

    private func take(_ step: Shopper.Step, _ visitor: Int) {
        switch step {
        case .connect: connect(visitor)
        case .comeBack(let time): schedule(at: time) { $0.connect(visitor) }
        case .leave(let departure): depart(visitor, as: departure)
        }
    }

    private func depart(_ visitor: Int, as departure: Departure) {
        hasDeparted[visitor] = true
        departures += 1
        switch departure {
        case .accepted(let order, let total, _):
            let now = Self.now
            result.accept.record(nanoseconds: now - shoppers[visitor].intended)
            result.acceptFromSend.record(nanoseconds: now - (shoppers[visitor].firstSent ?? now))
            if case .order(let key, _, let currency)? = purposes[visitor] {
                journal.append(order: order, key: key, total: total, currency: currency)
            } else {
                result.tally.cancelled += 1
            }
        case .refused(let reason):
            result.tally.refused += 1
            result.refusals[reason, default: 0] += 1
        case .gaveUp: result.tally.gaveUp += 1
        case .notSent: result.tally.notSent += 1
        case .skipped: result.tally.skipped += 1
        }
        purposes[visitor] = nil
        if let follower = visits.departed(visitor, as: departure), follower < next { connect(follower) }
    }

    private func admitHeld() {
        while connections < plan.connectionLimit, !held.isEmpty { connect(held.removeFirst()) }
    }
}

// MARK: - Exchanges

extension Worker: ExchangeOwner {
    func exchangeOpened(_ visitor: Int) {
        let now = Self.now
        openConnections.change(by: 1, at: now - start)
        result.tally.open += 1
        deadlines[visitor] = shoppers[visitor].answerDeadline(now: now, manners: plan.manners)
        guard !shoppers[visitor].hasSent else { return }
        shoppers[visitor].sent(at: now)
        result.tally.sent += 1
        result.lateness.record(nanoseconds: now - shoppers[visitor].intended)
        result.lastSendNanoseconds = max(result.lastSendNanoseconds, now - start)
    }

    func exchange(_ visitor: Int, ended ending: Exchange.Ending) {
        exchanges[visitor] = nil
        let now = Self.now
        switch ending {
        case .answered(let answer):
            guard let purpose = purposes[visitor] else { return }
            if answer.status == 503 { result.tally.unavailable += 1 }
            let step = shoppers[visitor].answered(
                answer, purpose: purpose, now: now, manners: plan.manners, jitter: jitter.unit())
            if case .leave(.refused(let reason)) = step { sample(answer.text, of: reason) }
            take(step, visitor)
        case .lost:
            result.tally.lostAnswers += 1
            take(
                shoppers[visitor].suffered(.answerLost, now: now, manners: plan.manners, jitter: jitter.unit()), visitor
            )
        case .unreadable(let error):
            sample(error.description, of: "unreadable answer")
            take(.leave(.refused(reason: "unreadable answer")), visitor)
        }
    }

    func exchangeClosed(_ visitor: Int) {
        openConnections.change(by: -1, at: Self.now - start)
        result.tally.open -= 1
        connections -= 1
        admitHeld()
    }

    private func sample(_ text: String, of reason: String) {
        guard result.samples[reason] == nil, result.samples.count < WorkerResult.maximumSamples else { return }
        result.samples[reason] = String(text.prefix(200))
    }
}

#if os(Linux)
    /// Binding to an address while leaving the choice of the port to `connect` (ip(7), IP_BIND_ADDRESS_NO_PORT).
    ///
    /// - Why: a port chosen at `bind` must be free for every destination; one chosen at `connect` only for this one.
    enum SourceAddress {
        static let bindWithoutPort = ChannelOptions.Types.SocketOption(
            level: 0 /* IPPROTO_IP */, name: 24)
    }
#endif
