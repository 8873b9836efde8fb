import Contracts
import Foundation

/// Everything known at the end of a run, from which the report is made.
struct SaleOutcome: Sendable {
    var kind: String
    var run: String
    var settings: Report.Settings
    var offered: Int
    /// When each shopper meant to come, in nanoseconds after the start, ascending.
    var intended: [Int64]
    var start: StartInstant
    var result: WorkerResult
    var accepted: [AcceptedOrder]
    var settlement: Settlement
    var observation: Observation
    var generator: Report.Generator
    var replay: ReplayReport?
    var audit: AuditFinding?

    func report() -> Report {
        let tally = result.tally
        let outcomes = settlement.outcomes(of: accepted)
        let offer = Double(result.lastSendNanoseconds) / 1_000_000_000
        let settled = accepted.compactMap { settlement.entries[$0.order]?.settledAt }
        let total = settled.max().map { max(0, start.seconds(to: $0)) } ?? 0
        let services = observation.usage.services
        let cpu = services.values.reduce(generator.cpuSeconds) { $0 + $1.cpuSeconds }
        let settle = settlement.latency(of: accepted, start: start.calendar)
        let (verdict, remarks) = judged(outcomes: outcomes)
        let heldUp = audit?.heldUp
        return Report(
            kind: kind, run: run, settings: settings, offered: offered, accepted: accepted.count,
            refused: result.refusals, refusedSamples: result.samples, gaveUp: tally.gaveUp, notSent: tally.notSent,
            outcomes: outcomes,
            latencyMilliseconds: .init(
                accept: .init(result.accept), acceptFromSend: .init(result.acceptFromSend), settle: .init(settle),
                lateness: .init(result.lateness)),
            distribution: .init(
                accept: result.accept.curve, acceptFromSend: result.acceptFromSend.curve, settle: settle.curve),
            seconds: .init(
                offer: offer, firstSettled: settled.min().map { start.seconds(to: $0) }, drain: max(0, total - offer),
                total: max(total, offer)),
            timeline: observation.timeline(
                intended: intended, settled: settled.map { start.seconds(to: $0) }, seconds: max(total, offer)),
            interruptions: observation.usage.interruptions(from: start, until: max(total, offer)),
            settledPerSecond: total > 0 ? Double(settled.count) / total : 0,
            peakConnections: result.openBySlot.max() ?? 0, connectRetries: tally.connectRetries,
            lostAnswers: tally.lostAnswers, unavailable: tally.unavailable, services: services, generator: generator,
            cpuMicrosecondsPerOrder: accepted.isEmpty ? 0 : cpu * 1_000_000 / Double(accepted.count), replay: replay,
            audit: audit?.json, remarks: remarks,
            heldUp: .init(
                orders: heldUp?.orders ?? 0, holding: heldUp?.holding ?? 0, deadLetters: heldUp?.deadLetters ?? 0),
            verdict: verdict)
    }

    /// The audit's verdict, made worse by what the generator itself knows; never better.
    private func judged(outcomes: [String: Int]) -> (Verdict, [String]) {
        var verdict = audit?.verdict ?? .unknown
        var remarks: [String] = []
        func worsen(_ other: Verdict, _ remark: String) {
            verdict = max(verdict, other)
            remarks.append(remark)
        }
        if let failure = audit?.failure { remarks.append(failure) }
        if audit == nil { remarks.append("no audit was made") }
        let tally = result.tally
        if tally.notSent > 0 {
            worsen(
                .unknown, "\(Figures.grouped(tally.notSent)) shoppers were never sent: the shop was not put to the test"
            )
        }
        if case let pending = outcomes["pending", default: 0], pending > 0 {
            // The audit accounts for each order without outcome; what dead letters hold up is no reason for another word.
            let held = audit?.heldUp ?? HeldUp(orders: 0, holding: 0, deadLetters: 0)
            if verdict == .valid, pending > held.orders {
                worsen(
                    .unknown,
                    "\(Figures.grouped(pending)) accepted orders have no outcome, and dead letters hold up "
                        + "\(Figures.grouped(held.orders)): the rest is in flight")
            } else {
                remarks.append("\(Figures.grouped(pending)) accepted orders have no outcome yet")
            }
        }
        if verdict == .nothingToJudge { remarks.append("no order was ever placed") }
        let refused = result.refusals.values.reduce(0, +)
        let counted = accepted.count + refused + tally.gaveUp + tally.notSent + tally.skipped + tally.cancelled
        if counted != offered + (replay == nil ? 0 : cancellationVisits) {
            worsen(.invalid, "\(offered) were offered, but \(counted) are accounted for")
        }
        if accepted.count != tally.accepted {
            worsen(.invalid, "the journals hold \(accepted.count) orders, the workers counted \(tally.accepted)")
        }
        if result.refusals.keys.contains(where: { $0.hasPrefix("202 ") }) {
            worsen(.invalid, "an order was acknowledged with a wrong or unreadable receipt")
        }
        if let replay {
            if !replay.totalsMatch {
                worsen(
                    outcomes["pending", default: 0] > 0 ? .unknown : .invalid, "the confirmed total is not the file's")
            }
            if replay.invoices.accountedFor != replay.invoices.read || replay.lines.accountedFor != replay.lines.read {
                worsen(.invalid, "not every invoice and line is accounted for")
            }
        }
        return (verdict, remarks)
    }

    /// Visits of a replay beside its orders.
    var cancellationVisits = 0
}
