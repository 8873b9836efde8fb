import Contracts

/// What an order waits for, and why, by what was read of it.
struct OrderWaits {
    let story: StoryEvents
    let progress: OrderProgress
    let time: Timestamp
    private(set) var waits: [OrderStory.Wait] = []

    init(_ evidence: OrderEvidence) {
        story = StoryEvents(evidence.trail.events)
        progress = OrderProgress(
            story: story, isKnownToOrder: evidence.records.contains { $0.first("order") != nil })
        time = Words.now()
        // What a topic that cannot be read would have said is not known to be missing.
        guard evidence.trail.problems.isEmpty else { return }
        let run = RunDirectory(evidence.data)
        for awaited in progress.awaited {
            let records = evidence.records.first { $0.service == awaited.service }
            // Decided long ago: it lies in an archive that is not at hand.
            if evidence.trail.begunLater.contains(awaited.service.topic),
                records?.decided(awaited.types, of: awaited.trigger?.envelope.id.description) != nil
            {
                continue
            }
            let search = WaitingSearch(
                awaited: awaited, records: records,
                condition: ServiceCondition(awaited.service, records?.paused, run, now: time),
                ends: evidence.trail.ends, now: time)
            let placed = records?.first("order")?["createdAt"]?.text.flatMap { Timestamp($0) }
            waits.append(
                OrderStory.Wait(
                    awaited: awaited, reason: search.reason, since: awaited.trigger?.envelope.time ?? placed))
        }
    }

    /// Topics of which something is called lost, though they were read only where it should lie.
    var doubtedTopics: Set<Topic> {
        Set(waits.filter { $0.reason.cause == .lost }.map { $0.awaited.service.topic })
    }
}
