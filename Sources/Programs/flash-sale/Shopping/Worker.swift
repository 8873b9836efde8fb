import Foundation
import Synchronization

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

/// One thread full of shoppers: open loop, each shopper on a connection of its own.
///
/// Not safe to share: whatever calls in is on the thread that runs it.
final class Worker {
    /// Shoppers started before the sockets are looked at.
    private static let burst = 64
    /// Between two looks at journal, patience and progress.
    private static let beat: Int64 = 50_000_000
    /// Beats between two reports of progress, and between two sweeps for connections that take too long.
    private static let beatsPerReport = 2
    private static let beatsPerSweep = 10
    /// A connect that is not answered is given up and begun anew after a time between these, in nanoseconds: spread, because
    /// the time-outs of a crowd that came in one second must not fall into one second too.
    private static let connectTimeout: (shortest: Double, longest: Double) = (10_000_000_000, 20_000_000_000)
    /// Longest response that is read in one piece.
    private static let bufferBytes = 64 * 1024

    private struct Visitor {
        var shopper: Shopper
        var purpose: Visit.Purpose?
        var hasDeparted = false
    }

    private let plan: WorkerPlan
    private let visits: any Visits
    private let journal: Journal
    private let onProgress: (Tally) -> Void
    private let poller: Poller
    private var directory: ServerDirectory
    private let sources: [ServerAddress]
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferBytes, alignment: 16)

    private var start: Int64 = 0
    private var visitors: [Visitor] = []
    /// By socket.
    private var connections: [Connection?] = []
    private var connectionCount = 0
    private var departures = 0
    private var next = 0
    /// Visitors that wait for a free connection.
    private var held = Held()
    private var comebacks = Comebacks()
    private var sourceTurn = 0
    private var jitter: SplitMix64
    private var openConnections = OpenConnections()
    private var result = WorkerResult()

    /// - Parameter find: looks up a host; blocks.
    /// - Throws: if there is no such host, or no poller to be had.
    init(
        plan: WorkerPlan, visits: any Visits, journal: Journal, seed: UInt64,
        find: @escaping ServerDirectory.Find = { try ServerAddress(host: $0, port: $1) },
        onProgress: @escaping (Tally) -> Void
    ) throws {
        self.plan = plan
        self.visits = visits
        self.journal = journal
        self.onProgress = onProgress
        poller = try Poller()
        directory = try ServerDirectory(host: plan.host, port: plan.port, find: find)
        sources = try plan.sourceAddresses.map { try ServerAddress(host: $0, port: 0) }
        jitter = SplitMix64(seed: seed, stream: 4, index: 0)
    }

    deinit {
        for case let connection? in connections { close(connection.socket) }
        buffer.deallocate()
    }

    /// Monotonic nanoseconds, the same clock in every process of the machine.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Opens the doors at a monotonic instant, and returns when everybody has departed.
    ///
    /// - Throws: `JournalError`.
    func run(startingAt start: Int64) throws -> WorkerResult {
        self.start = start
        visitors = (0..<visits.count).map { Visitor(shopper: Shopper(intended: start + visits.intended($0))) }
        var beats = 0
        var nextBeat = Self.now
        while true {
            admit()
            for visitor in comebacks.due(at: Self.now) { connect(visitor) }
            let now = Self.now
            if now >= nextBeat {
                nextBeat = now + Self.beat
                try onBeat(beats)
                beats += 1
                if departures == visitors.count, journal.isIdle, connectionCount == 0 { break }
            }
            poller.wait(milliseconds: timeToWait(until: nextBeat)) { goOn($0) }
            while connectionCount < plan.connectionLimit, let visitor = held.removeFirst() { connect(visitor) }
        }
        journal.close()
        openConnections.fill(to: Self.now - start)
        result.openBySlot = openConnections.bySlot
        onProgress(result.tally)
        return result
    }

    // MARK: - Time

    /// Sends off everybody whose time has come, up to a burst.
    private func admit() {
        let now = Self.now
        var started = 0
        while next < visitors.count, visitors[next].shopper.intended <= now, started < Self.burst {
            let visitor = next
            next += 1
            started += 1
            if let predecessor = visits.predecessor(of: visitor), !visitors[predecessor].hasDeparted { continue }
            connect(visitor)
        }
    }

    private func timeToWait(until beat: Int64) -> Int32 {
        var until = beat
        if next < visitors.count { until = min(until, visitors[next].shopper.intended) }
        if let next = comebacks.next { until = min(until, next) }
        // Rounded up: a wait that is too short is a turn of the loop for nothing.
        return Int32(clamping: max(0, (until - Self.now + 999_999) / 1_000_000))
    }

    private func onBeat(_ number: Int) throws {
        result.tally.accepted += try journal.takeSynced()
        journal.sync()
        directory.takeFound()
        if number % Self.beatsPerSweep == 0 {
            let now = Self.now
            abandonLate(now)
            for visitor in held.takeImpatient(where: {
                now > visitors[$0].shopper.intended + plan.manners.patienceNanoseconds
            }) {
                depart(visitor, as: visitors[visitor].shopper.hasSent ? .gaveUp : .notSent)
            }
        }
        if number % Self.beatsPerReport == 0 { onProgress(result.tally) }
    }

    private func abandonLate(_ now: Int64) {
        for case let connection? in connections where connection.deadline <= now {
            giveUp(connection)
        }
    }

    // MARK: - Connections

    private func connect(_ visitor: Int) {
        guard connectionCount < plan.connectionLimit else { return held.append(visitor) }
        guard let visit = visits.visit(visitor) else { return depart(visitor, as: .skipped) }
        visitors[visitor].purpose = visit.purpose
        let (shortest, longest) = Self.connectTimeout
        do throws(SocketError) {
            let connection = try Connection(
                visitor: visitor, request: visit.request, to: directory.server, from: source(),
                until: Self.now + Int64(shortest + (longest - shortest) * jitter.unit()))
            let socket = Int(connection.socket)
            while connections.count <= socket { connections.append(nil) }
            connections[socket] = connection
            connectionCount += 1
            goOn(connection.socket)
        } catch {
            retryConnect(visitor)
        }
    }

    private func source() -> ServerAddress? {
        guard !sources.isEmpty else { return nil }
        sourceTurn = (sourceTurn + 1) % sources.count
        return sources[sourceTurn]
    }

    /// Does what a socket is ready for.
    private func goOn(_ socket: Int32) {
        let index = Int(socket)
        // Nil if it was closed since it was reported.
        guard index < connections.count, let visitor = connections[index]?.visitor,
            let progress = connections[index]?.goOn(buffer, opened: { opened(visitor) }),
            let connection = connections[index]
        else { return }
        switch progress {
        case .waits(let interest) where connection.watched == interest: break
        case .waits(let interest):
            do throws(SocketError) {
                try poller.watch(socket, for: interest, isNew: connection.watched == nil)
                connections[index]?.watched = interest
            } catch {
                giveUp(connection)
            }
        case .failed: failToConnect(connection)
        case .ended(let ending): end(connection, ending)
        }
    }

    private func opened(_ visitor: Int) -> Int64 {
        let now = Self.now
        openConnections.change(by: 1, at: now - start)
        result.tally.open += 1
        if !visitors[visitor].shopper.hasSent {
            visitors[visitor].shopper.sent(at: now)
            result.tally.sent += 1
            result.lateness.record(nanoseconds: now - visitors[visitor].shopper.intended)
            result.lastSendNanoseconds = max(result.lastSendNanoseconds, now - start)
        }
        return visitors[visitor].shopper.answerDeadline(now: now, manners: plan.manners)
    }

    private func giveUp(_ connection: Connection) {
        if connection.isOpen { end(connection, .lost) } else { failToConnect(connection) }
    }

    private func failToConnect(_ connection: Connection) {
        remove(connection)
        retryConnect(connection.visitor)
    }

    private func retryConnect(_ visitor: Int) {
        result.tally.connectRetries += 1
        directory.lookAgain()
        suffer(.connectFailed, visitor)
    }

    private func end(_ connection: Connection, _ ending: Connection.Ending) {
        remove(connection)
        openConnections.change(by: -1, at: Self.now - start)
        result.tally.open -= 1
        let visitor = connection.visitor
        switch ending {
        case .answered(let answer): take(answer, visitor)
        case .lost:
            result.tally.lostAnswers += 1
            suffer(.answerLost, visitor)
        case .unreadable(let error):
            sample(error.description, of: "unreadable answer")
            depart(visitor, as: .refused(reason: "unreadable answer"))
        }
    }

    private func remove(_ connection: Connection) {
        poller.forget(connection.socket)
        close(connection.socket)
        connections[Int(connection.socket)] = nil
        connectionCount -= 1
    }

    // MARK: - Shoppers

    private func take(_ answer: Answer, _ visitor: Int) {
        guard let purpose = visitors[visitor].purpose else { return }
        if answer.status == 503 { result.tally.unavailable += 1 }
        let step = visitors[visitor].shopper.answered(
            answer, purpose: purpose, now: Self.now, manners: plan.manners, jitter: jitter.unit())
        if case .leave(.refused(let reason)) = step { sample(answer.text, of: reason) }
        take(step, visitor)
    }

    private func suffer(_ mishap: Shopper.Mishap, _ visitor: Int) {
        take(
            visitors[visitor].shopper.suffered(mishap, now: Self.now, manners: plan.manners, jitter: jitter.unit()),
            visitor)
    }

    private func take(_ step: Shopper.Step, _ visitor: Int) {
        switch step {
        case .comeBack(let time): comebacks.add(visitor, at: time)
        case .leave(let departure): depart(visitor, as: departure)
        }
    }

    private func depart(_ visitor: Int, as departure: Departure) {
        visitors[visitor].hasDeparted = true
        departures += 1
        switch departure {
        case .accepted(let order, let total, _):
            let now = Self.now
            let shopper = visitors[visitor].shopper
            result.accept.record(nanoseconds: now - shopper.intended)
            result.acceptFromSend.record(nanoseconds: now - (shopper.firstSent ?? now))
            if case .order(let key, _, let currency)? = visitors[visitor].purpose {
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
        visitors[visitor].purpose = nil
        if let follower = visits.departed(visitor, as: departure), follower < next { connect(follower) }
    }

    private func sample(_ text: String, of reason: String) {
        guard result.samples[reason] == nil, result.samples.count < WorkerResult.maximumSamples else { return }
        result.samples[reason] = String(text.prefix(200))
    }
}
