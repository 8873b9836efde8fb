import Contracts
package import Delivery
package import EventLog
package import Hummingbird

/// The shop as a customer sees it, beside the API and through it: what it shows and sends is `/v1/products` and
/// `/v1/orders`, as for everybody else.
///
/// `/` and `/orders/{id}` are the page, `/assets/…` its files; `/storefront/stock` and `/storefront/orders/{id}` tell
/// what Inventory has said, of an order to whoever presents its token.
package struct Storefront: Surface {
    private struct Stock: Encodable {
        /// Pieces by product; left out where it is not known.
        let pieces: [String: Int64]?
        /// Events of Inventory not counted yet.
        let behind: UInt64
        /// The most pieces that the shop takes in a line of an order.
        let maximumQuantity: Int64
    }

    private struct Progress: Encodable {
        /// Left out where Inventory has not said anything yet, or too long ago.
        let stock: StockWindow.Shelf?
    }

    private let watch: StockWatch
    private let access: OrderAccess
    private let maximumQuantity: Int64
    package let operations: [HTTPOperation] = Storefront.operations

    package init(log: any EventLog, clock: any ServiceClock, access: OrderAccess, maximumQuantity: Int64) {
        watch = StockWatch(log, clock)
        self.access = access
        self.maximumQuantity = maximumQuantity
    }

    package func answer(_ request: Request) async throws -> Response? {
        let path = request.uri.path
        if let asset = PageFiles.asset(path) {
            return asset
        }
        if path == "/" || Self.order(path, below: "/orders/") != nil {
            return PageFiles.storefront
        }
        if path == "/storefront/stock" {
            let stock = try await watch.look { [maximumQuantity] in
                Stock(pieces: $0.stock, behind: $0.behind, maximumQuantity: maximumQuantity)
            }
            return JSONAnswer.response(.ok, stock)
        }
        if let order = Self.order(path, below: "/storefront/orders/") {
            try access.require(request, for: order)
            return JSONAnswer.response(.ok, try await watch.look { Progress(stock: $0.shelves[order]) })
        }
        return nil
    }

    private static func order(_ path: String, below prefix: String) -> OrderID? {
        path.hasPrefix(prefix) ? OrderID(path.dropFirst(prefix.count)) : nil
    }
}
