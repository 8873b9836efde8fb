import Contracts
package import Delivery
import Foundation
package import InventoryService
import OrderService
package import ServiceRuntime

/// What loads a shop before a sale.
package enum SeedingActions {
    /// A catalogue of a hundred thousand products.
    private static let bodyLimit = 64 << 20
    private static let maximumProducts = 100_000

    private struct Changed: Encodable {
        let changed: Int
    }

    /// `PUT /admin/products` on Order: adds or replaces products.
    package static func products(_ process: ServiceProcess, _ listing: ProductListing) -> AdminAction {
        struct Body: Decodable {
            struct Price: Decodable {
                let amount: WholeNumber
                let currency: String
            }

            struct Offer: Decodable {
                let productId: String
                let name: String
                let price: Price
            }

            let products: [Offer]
        }
        return AdminAction(path: "/admin/products", bodyLimit: bodyLimit) { bytes in
            let body = try RequestBody.decode(Body.self, from: Data(bytes))
            let products = body.products.map { offer in
                Product(
                    productID: offer.productId, name: offer.name,
                    price: Money(amount: offer.price.amount.value, currency: offer.price.currency))
            }
            try validate(products)
            try await onDatabaseThread(process) {
                try process.node.execute { db, _ in
                    try Catalog.load(products, db)
                    return CommandDecision(reply: ())
                }
            }
            listing.changed()
            return [UInt8](JSONAnswer.encode(Changed(changed: products.count)))
        }
    }

    /// `PUT /admin/stock` on Inventory: sets what is available.
    package static func stock(_ process: ServiceProcess, _ queue: CommandQueue<StockTaking>) -> AdminAction {
        struct Body: Decodable {
            struct Count: Decodable {
                let productId: String
                let available: WholeNumber
            }

            let key: String
            let stock: [Count]
        }
        return AdminAction(path: "/admin/stock", bodyLimit: bodyLimit) { bytes in
            let body = try RequestBody.decode(Body.self, from: Data(bytes))
            let counts = body.stock.map { StockTaking.Count(productID: $0.productId, available: $0.available.value) }
            try validate(body.key, counts)
            do {
                let changed = try await queue.submit(StockTaking.Request(key: body.key, counts: counts))
                return [UInt8](JSONAnswer.encode(Changed(changed: changed)))
            } catch let refusal as StockTaking.Refusal {
                throw Problem(422, .invalidField, "Invalid field", detail: refusal.detail, field: refusal.field)
            } catch let unavailable as CommandUnavailable {
                throw Problem.unavailable("\(unavailable)", retryAfterSeconds: 1)
            }
        }
    }

    private static func validate(_ products: [Product]) throws {
        func require(_ holds: Bool, _ field: String, _ detail: String) throws {
            guard holds else { throw Problem(422, .invalidField, "Invalid field", detail: detail, field: field) }
        }
        try require((1...maximumProducts).contains(products.count), "products", "1 to \(maximumProducts) products")
        for (index, product) in products.enumerated() {
            let place = "products[\(index)]"
            try require(
                ProductName.isID(product.productID), "\(place).productId",
                "1 to \(Catalog.maximumProductIDBytes) ASCII characters, no control characters")
            try require(
                ProductName.isPlainText(product.name, 0...Catalog.maximumNameLength), "\(place).name",
                "at most \(Catalog.maximumNameLength) characters, no control characters")
            try require(
                (0...Money.maximumAmount).contains(product.price.amount), "\(place).price.amount",
                "from 0 to \(Money.maximumAmount) minor units")
            try require(
                Currency.minorUnitDigits(product.price.currency) != nil, "\(place).price.currency",
                "a currency of ISO 4217 that has a minor unit, in capital letters, such as GBP")
        }
    }

    /// What the command does not look at: it counts bytes.
    private static func validate(_ key: String, _ counts: [StockTaking.Count]) throws {
        guard ProductName.isPlainText(key, 1...200) else {
            throw Problem.invalid("key", "1 to 200 characters, no control characters")
        }
        for (index, count) in counts.enumerated() where !ProductName.isID(count.productID) {
            throw Problem.invalid(
                "stock[\(index)].productId", "1 to 64 ASCII characters, no control characters")
        }
    }

    private static func onDatabaseThread(_ process: ServiceProcess, _ body: @escaping @Sendable () throws -> Void)
        async throws
    {
        try await withTaskExecutorPreference(process.databaseThread) {
            do {
                try body()
            } catch {
                process.note(error)
                throw error
            }
        }
    }
}
