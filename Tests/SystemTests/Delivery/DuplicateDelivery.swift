import Contracts

extension DeliveryRun {
    /// The service's consumer is given every event twice.
    func withDuplicates() async throws -> [String] {
        try await whileUp(faults: [service: #"{"delivery":{"twice":true}}"#]) {
            let objections = try await sell()
            let metrics = try await run.metrics(of: service)
            let handled = Int(metrics["consumer_handled_events_total"] ?? 0)
            let duplicates = Int(metrics["inbox_duplicates_total"] ?? 0)
            return objections
                + objection(
                    unless: duplicates > 0 && duplicates == handled,
                    "of events that each came twice, \(handled) were handled and \(duplicates) known already")
        }
    }
}
