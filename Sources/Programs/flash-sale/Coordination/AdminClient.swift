import Access
import Contracts
import Foundation

/// A service's admin port did not do what it was asked.
struct AdminError: Error, CustomStringConvertible {
    var description: String
    /// Whether there was no connection, so that nothing was asked.
    var isUnreachable = false
}

/// Fills the shop's shelves through the services' admin ports.
struct AdminClient: Sendable {
    /// Products or stock lines in one request.
    static let batch = 20_000

    struct Product: Codable, Sendable, Equatable {
        struct Price: Codable, Sendable, Equatable {
            var amount: Int64
            var currency: String
        }

        var productId: String
        var name: String
        var price: Price
    }

    struct StockLine: Codable, Sendable, Equatable {
        var productId: String
        var available: Int64
    }

    private struct Products: Encodable {
        var products: [Product]
    }

    private struct StockLevels: Encodable {
        var key: String
        var stock: [StockLine]
    }

    static let pauseBetweenCalls = Duration.milliseconds(200)

    let settings: ServiceSettings
    /// How long a service that is not up yet is waited for, and the token that one will make.
    var patience = Duration.zero
    /// The run's data directory, where the services put the operator's token.
    let data: String

    func put(products: [Product]) async throws {
        for start in stride(from: 0, to: products.count, by: Self.batch) {
            let slice = products[start..<min(start + Self.batch, products.count)]
            try await put(
                "/admin/products", Products(products: Array(slice)), to: settings.adminPort(of: .order), of: .order)
        }
    }

    /// - Parameter key: names this seeding; seen again, nothing is adjusted twice.
    func put(stock: [StockLine], key: String) async throws {
        for start in stride(from: 0, to: stock.count, by: Self.batch) {
            let slice = stock[start..<min(start + Self.batch, stock.count)]
            try await put(
                "/admin/stock", StockLevels(key: "\(key)-\(start)", stock: Array(slice)),
                to: settings.adminPort(of: .inventory), of: .inventory)
        }
    }

    private func put(_ path: String, _ body: some Encodable, to port: Int, of service: ServiceName) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + patience
        while true {
            do {
                return try await putOnce(path, body, to: port, of: service)
            } catch let error as AdminError where error.isUnreachable && clock.now < deadline {
                try await clock.sleep(for: Self.pauseBetweenCalls)
            }
        }
    }

    private func putOnce(_ path: String, _ body: some Encodable, to port: Int, of service: ServiceName) async throws {
        let host = settings.hosts.host(of: service)
        let token = try operatorToken()
        let request = CheckoutRequest.put(
            path, body: Array(try JSONEncoder().encode(body)), token: token, port: port)
        let answer: Answer
        do {
            answer = try await SingleExchange.send(request, to: port, of: host)
        } catch {
            throw AdminError(
                description: "PUT \(path) at \(host):\(port) failed: \(error). Is \(service)-service up? "
                    + "Try 'Scripts/supervisor status'",
                isUnreachable: (error as? AdminError)?.isUnreachable ?? false)
        }
        guard (200..<300).contains(answer.status) else {
            throw AdminError(
                description: "PUT \(path) at \(host):\(port) answered \(answer.status): \(answer.text.prefix(300))")
        }
    }

    /// What makes us an operator.
    ///
    /// - Throws: `AdminError`, `AccessError`.
    private func operatorToken() throws -> String {
        guard let token = try OperatorToken.text(dataDirectory: data) else {
            throw AdminError(
                description:
                    "there is no \(data)/\(OperatorToken.fileName), which makes its reader the operator who stocks "
                    + "the shelves. Has a service ever started on this directory? Start them with 'Scripts/supervisor up'",
                isUnreachable: true)
        }
        return token
    }
}
