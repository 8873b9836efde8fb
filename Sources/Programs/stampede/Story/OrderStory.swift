import Audit
import Contracts
import Foundation

/// All that a run knows of one order.
struct OrderStory {
    struct Wait {
        let awaited: OrderProgress.Awaited
        let reason: WaitingReason
        /// Of the event that it follows from; of the order, where none is.
        let since: Timestamp?
    }

    let order: OrderID
    let data: DataDirectory
    let time: Timestamp
    let personal: Personal
    let story: StoryEvents
    let progress: OrderProgress
    let records: [ServiceRecords]
    let gateway: GatewayRecords
    let messages: [MailMessage]
    let waits: [Wait]
    /// What was looked at of the log.
    let eventsRead: UInt64
    let eventsInLog: UInt64
    /// What could not be read, with file and remedy.
    let problems: [String]

    /// Databases first, then the log: what a service had done when its database was read is then in the log.
    ///
    /// - Parameter whole: reads the log from its beginning to its end, for certainty.
    /// - Throws: `Failure.noOrder`.
    init(of order: OrderID, in data: DataDirectory, whole: Bool = false, personal: Personal) throws {
        var evidence = OrderEvidence(of: order, in: data)
        evidence.readLog(whole: whole ? nil : [])
        guard !evidence.isEmpty else {
            for problem in evidence.problems { Talk.problem(problem) }
            throw Failure.noOrder(order.description, data: data.path)
        }
        var found = OrderWaits(evidence)
        // That something is lost is said only where all was looked through.
        if !whole, !found.doubtedTopics.isEmpty {
            evidence.readLog(whole: found.doubtedTopics)
            found = OrderWaits(evidence)
        }
        self.order = order
        self.data = data
        self.personal = personal
        time = found.time
        story = found.story
        progress = found.progress
        records = evidence.records
        gateway = evidence.gateway
        messages = evidence.messages
        waits = found.waits
        eventsRead = evidence.trail.eventsRead
        eventsInLog = evidence.trail.eventsInLog
        problems = evidence.problems
    }

    /// The order's own row, for what the log does not say or no longer holds.
    var row: JSONValue? { records.lazy.compactMap { $0.first("order") }.first }
    var status: String { progress.status ?? row?["status"]?.text ?? "unknown" }
    var reason: String? { progress.status == nil ? row?["reason"]?.text : progress.reason }
    var start: Timestamp? { story.events.first?.envelope.time ?? row?["createdAt"]?.text.flatMap { Timestamp($0) } }
    var calls: [JSONValue] { records.flatMap(\.calls) }

    func after(_ event: StoryEvent) -> Int64 {
        (event.envelope.time - (start ?? event.envelope.time)).microseconds
    }

    /// How long each event's making took, deliveries again left out.
    var steps: [OrderStep] {
        story.events.filter { $0.repeats == nil }.map {
            OrderStep($0, cause: story.event($0.cause), calls: calls)
        }
    }
}
