import class GRDB.Database
import NIOCore
import OrderService
package import ServiceRuntime
import Synchronization

/// The products as `GET /v1/products` shows them: read and encoded once for all who ask, until they change.
///
/// *Guarantee*: whoever asks after a change was answered sees it. *If broken*: a catalogue of a hundred thousand products is
/// encoded for each stranger who asks, for as long as it takes to accept a thousand orders.
package final class ProductListing: Sendable {
    private struct State {
        var text: ByteBuffer?
        /// Of the products, since the start.
        var changes = 0
    }

    private let reader: DatabaseReader
    private let products: @Sendable (Database) throws -> [Product]
    private let state = Mutex(State())

    package convenience init(_ reader: DatabaseReader) {
        self.init(reader) { try Catalog.products($0) }
    }

    init(_ reader: DatabaseReader, products: @escaping @Sendable (Database) throws -> [Product]) {
        self.reader = reader
        self.products = products
    }

    /// To be called when other products are committed.
    package func changed() {
        state.withLock { $0 = State(text: nil, changes: $0.changes + 1) }
    }

    func text() async throws -> ByteBuffer {
        if let text = state.withLock({ $0.text }) { return text }
        return try await reader.read { [self] db in
            // Readers come one by one: another one may have been first.
            let (text, changes) = state.withLock { ($0.text, $0.changes) }
            if let text { return text }
            let new = ByteBuffer(bytes: JSONAnswer.encode(ProductsJSON(products: try products(db))))
            state.withLock { state in
                if state.changes == changes { state.text = new }
            }
            return new
        }
    }
}
