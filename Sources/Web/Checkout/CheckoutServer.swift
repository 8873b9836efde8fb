import Contracts
package import Delivery
import Foundation
import HTTPServing
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
package import Logging
package import OrderService
package import ProcessSettings
package import ServiceLifecycle
package import ServiceRuntime
import Tracing

/// The checkout over HTTP: `POST/GET/DELETE /v1/orders`, `GET /v1/products`, and whatever is shown beside it.
package struct CheckoutServer: Endpoint {
    private let checkout: Checkout
    private let orders: CommandQueue<Checkout>
    private let cancellations: CommandQueue<Cancellation>
    private let reader: DatabaseReader
    private let products: ProductListing
    private let access: OrderAccess
    private let maximumBodyBytes: Int
    let telemetry: RequestTelemetry?
    private let surfaces: [any Surface]
    let rateLimit: ClientRateLimit?
    let operations: [HTTPOperation]

    /// So that 65,536 shoppers can wait to be let in.
    private static let listeners = 16
    /// Longest `?wait=`.
    private static let maximumWait = Duration.seconds(30)
    /// Between two looks at an order: short at first, then so long that ten thousand who wait read little.
    private static let waitIntervals = (first: Duration.milliseconds(25), longest: Duration.milliseconds(400))
    /// What a shopper who is turned away is told to wait, in seconds.
    private static let retryAfterSeconds = 1

    package init(
        checkout: Checkout, orders: CommandQueue<Checkout>, cancellations: CommandQueue<Cancellation>,
        reader: DatabaseReader, products: ProductListing, access: OrderAccess, maximumBodyBytes: Int,
        telemetry: RequestTelemetry = RequestTelemetry(),
        surfaces: [any Surface] = [], rateLimit: ClientRateLimit? = nil
    ) {
        self.checkout = checkout
        self.orders = orders
        self.cancellations = cancellations
        self.reader = reader
        self.products = products
        self.access = access
        self.maximumBodyBytes = maximumBodyBytes
        self.telemetry = telemetry
        self.surfaces = surfaces
        self.rateLimit = rateLimit
        operations = CheckoutOperations.all + surfaces.flatMap(\.operations)
    }

    /// - Parameter settings: what clients are held to; nil for the defaults.
    package func service(
        host: String = HTTPServer.loopback, port: Int, maximumConnections: Int, settings: Settings? = nil,
        logger: Logger
    ) -> any Service {
        var limits = HTTPServer.Limits(connections: maximumConnections, bodyBytes: maximumBodyBytes)
        limits.listeners = Self.listeners
        return server(
            host: host, port: port, limits: settings.map { limits.limited(by: $0) } ?? limits,
            hosts: HostPolicy(names: settings?.hostNames ?? []), logger: logger)
    }

    // MARK: - Routes

    func route(of path: String) -> String {
        switch path {
        case "/v1/orders", "/v1/products": path
        default: path.hasPrefix("/v1/orders/") ? "/v1/orders/{id}" : "other"
        }
    }

    func answer(_ request: Request) async throws -> Response {
        let path = request.uri.path
        if path == "/v1/orders" {
            return try await place(request)
        }
        if path == "/v1/products" {
            return JSONAnswer.response(.ok, try await products.text())
        }
        let prefix = "/v1/orders/"
        guard path.hasPrefix(prefix), let order = OrderID(path.dropFirst(prefix.count)) else {
            guard let answer = try await surfaces.answer(request) else { throw Problem.notFound(path) }
            return answer
        }
        try access.require(request, for: order)
        return request.method == .delete ? try await cancel(order) : try await show(order, request)
    }

    private func place(_ request: Request) async throws -> Response {
        let key = try idempotencyKey(request)
        if let type = request.headers[.contentType] {
            let mediaType = type.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
            guard mediaType == "application/json" else {
                throw Problem.unsupportedMediaType("send application/json, not \(type)")
            }
        }
        let bytes = try await RequestBody.read(request, limit: maximumBodyBytes)
        let body = try await RequestBody.order(from: bytes)
        let order = CheckoutRequest(
            customerID: body.customerId, email: body.email, currency: body.currency, cardToken: body.cardToken,
            lines: body.lines.map { StockLine(productID: $0.productId, quantity: $0.quantity.value) },
            idempotencyKey: key,
            bodyHash: CompactCheckout.hash(bytes),
            traceparent: InstrumentationContext.current?.place?.description)
        do {
            try checkout.validate(order)
            let accepted = try await orders.submit(order)
            var response = JSONAnswer.response(.accepted, data: Data(receipt(of: accepted)))
            response.headers[.location] = Self.location(of: accepted)
            return response
        } catch {
            if let problem = Self.problem(error) { throw problem }
            throw error
        }
    }

    private static func location(of accepted: Checkout.Accepted) -> String { "/v1/orders/\(accepted.orderID)" }

    private func receipt(of accepted: Checkout.Accepted) -> [UInt8] {
        AcceptedJSON(
            orderId: accepted.orderID, status: OrderStatus.pending.rawValue, token: access.token(of: accepted.orderID),
            total: accepted.total
        ).bytes
    }

    // MARK: - The hot route

    /// The common case: a small, compact body with nothing to refuse before the transaction. Any other request is left to
    /// `answer`.
    ///
    /// *Guarantee*: what is answered here is what `answer` would say. *Why*: a task per request, and a response of streams,
    /// were half of what a checkout cost.
    func answerDirectly(_ head: HTTPRequestHead, _ body: ByteBuffer, _ reply: DirectReply, _ logger: Logger) -> Bool {
        guard head.method == .POST, head.uri == "/v1/orders", rateLimit == nil,
            let order = CompactCheckout(head, body, limit: maximumBodyBytes),
            (try? checkout.validate(order.request)) != nil  // `answer` says what is wrong with it
        else { return false }
        let observation = telemetry?.begin(.post, route: "/v1/orders", traceparent: order.traceparent)
        var request = order.request
        request.traceparent = observation?.context?.place?.description
        orders.submit(request, on: reply.executor) { [self] answer in
            let response = response(to: answer, logger)
            reply.send(response)
            guard let observation else { return }
            let location = response.fields.first { $0.name == "location" }?.value
            telemetry?.end(observation, status: response.status, location: location)
        }
        return true
    }

    private func response(to answer: Result<Checkout.Accepted, any Error>, _ logger: Logger) -> PlainResponse {
        switch answer {
        case .success(let accepted):
            let fields = [
                (name: "content-type", value: "application/json"),
                (name: "location", value: Self.location(of: accepted)),
            ]
            return PlainResponse(status: 202, fields: fields, body: receipt(of: accepted))
        case .failure(let error):
            return (Self.problem(error) ?? Self.problem(of: error, path: "/v1/orders", logger)).plainResponse
        }
    }

    private func show(_ order: OrderID, _ request: Request) async throws -> Response {
        let clock = ContinuousClock()
        let until = clock.now + (try wait(request))
        var interval = Self.waitIntervals.first
        while true {
            guard let stored = try await reader.read({ try OrderStore.order(order, $0) }) else {
                throw Problem(404, .unknownOrder, "Unknown order", detail: "there is no order \(order)")
            }
            if stored.status != .pending || clock.now >= until { return JSONAnswer.response(.ok, OrderJSON(stored)) }
            try await Task.sleep(for: min(interval, until - clock.now))
            interval = min(interval * 2, Self.waitIntervals.longest)
        }
    }

    private func cancel(_ order: OrderID) async throws -> Response {
        do {
            let request = CancellationRequest(order, traceparent: InstrumentationContext.current?.place?.description)
            guard let stored = try await cancellations.submit(request) else {
                throw Problem(404, .unknownOrder, "Unknown order", detail: "there is no order \(order)")
            }
            return JSONAnswer.response(.accepted, OrderJSON(stored))
        } catch is CommandUnavailable {
            throw Self.notNow
        }
    }

    // MARK: - Headers and parameters

    private func idempotencyKey(_ request: Request) throws -> String {
        guard let key = request.headers[.idempotencyKey] else {
            throw Problem(
                400, .missingField, "Missing field", detail: "send an Idempotency-Key, one for each order",
                field: "Idempotency-Key")
        }
        guard CompactCheckout.isKey(key) else {
            throw Problem(
                400, .invalidField, "Invalid field", detail: "1 to 255 visible ASCII characters",
                field: "Idempotency-Key")
        }
        return key
    }

    private func wait(_ request: Request) throws -> Duration {
        let texts = request.uri.queryParameters[values: "wait"]
        guard let text = texts.first else { return .zero }
        // In digits alone, and none too many: there is one way to say it.
        guard texts.count == 1, text.hasSuffix("s"), let seconds = Int(text.dropLast()), "\(seconds)s" == text,
            seconds >= 0, .seconds(seconds) <= Self.maximumWait
        else {
            throw Problem(
                400, .invalidField, "Invalid field", detail: "seconds such as 5s, at most 30s", field: "wait")
        }
        return .seconds(seconds)
    }

    /// The reason stands in the service's log; it speaks of the shop's inside.
    private static var notNow: Problem {
        .unavailable("the shop cannot take it at the moment", retryAfterSeconds: retryAfterSeconds)
    }

    /// Nil for what is no refusal of an order.
    private static func problem(_ error: any Error) -> Problem? {
        switch error {
        case let refusal as CheckoutRefusal: problem(refusal)
        case let error as EventCodingError:
            Problem(
                413, .orderTooLarge, "Order too large", detail: "\(error); order fewer lines at a time",
                field: "lines")
        case is CommandUnavailable: notNow
        default: nil
        }
    }

    private static func problem(_ refusal: CheckoutRefusal) -> Problem {
        switch refusal.kind {
        case .invalidField:
            Problem(422, .invalidField, "Invalid field", detail: refusal.detail, field: refusal.field)
        case .unknownProduct:
            Problem(422, .unknownProduct, "Unknown product", detail: refusal.detail, field: refusal.field)
        case .idempotencyKeyReused:
            Problem(
                422, .idempotencyKeyReused, "Idempotency key reused", detail: refusal.detail, field: refusal.field)
        }
    }
}

extension HTTPField.Name {
    /// draft-ietf-httpapi-idempotency-key-header. The unwrapping holds: the name has token characters only.
    static let idempotencyKey = Self("Idempotency-Key")!
}
