import Contracts

extension DeliveryRun {
    /// Failures of each event before it is handled: the third attempt is the last.
    private static let failures = 2

    /// The service throws twice on every event of a type.
    func withPassingFault() async throws -> [String] {
        let rule = #"{"type":"\#(service.consumedType)","effect":"transient","times":\#(Self.failures),"share":1}"#
        return try await whileUp(faults: [service: #"{"rules":[\#(rule)]}"#]) {
            let objections = try await sell()
            let failing = try events(of: service.neighbour.topic).count { $0.type == service.consumedType }
            let metrics = try await run.metrics(of: service)
            let retries = Int(metrics["consumer_retries_total"] ?? 0)
            let letters = try await openLetters()
            return objections
                + objection(
                    unless: failing > 0 && retries == Self.failures * failing,
                    "\(failing) events failed \(Self.failures) times each, but \(retries) retries were counted")
                + objection(
                    unless: letters.isEmpty && metrics["consumer_dead_letters_total", default: 0] == 0,
                    "what passes was buried: \(letters)")
        }
    }
}
