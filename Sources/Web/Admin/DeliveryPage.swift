import Delivery
import Hummingbird
import ServiceRuntime

/// How far the service is with its delivery: `GET /admin/delivery`, open as health and metrics are.
struct DeliveryPage: Surface {
    static let path = "/admin/delivery"

    let card: ServiceCard
    let reader: DatabaseReader
    let operations = [AdminOperations.delivery]

    func answer(_ request: Request) async throws -> Response? {
        guard request.uri.path == Self.path else { return nil }
        return JSONAnswer.response(.ok, try await reader.read { [card] db in try DeliverySummary(card, db) })
    }
}
