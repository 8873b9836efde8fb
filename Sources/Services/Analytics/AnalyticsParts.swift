package import Delivery
package import EventLog

extension AnalyticsService {
    /// What Analytics runs besides its core: its look for orders that are stuck.
    package static func parts(
        node: ServiceNode, log: any EventLog, limits: StuckOrders.Limits = StuckOrders.Limits(),
        randomness: any Randomness
    ) -> [ServicePart] {
        let stuck = Handover(StuckOrders(node: node, log: log, limits: limits))
        let loops = ServiceLoops(node: node, randomness: randomness)
        return [ServicePart("stuck orders", on: .database) { try await stuck.take().run(loops) }]
    }
}
