/// What a process is told from outside: the table of all settings, each with a default.
///
/// A value comes from, the later the stronger: its default, a file (`--config`), the environment, `--set`. One that cannot
/// be is refused by whichever program meets it first, also where it does not use it: a configuration is right as a whole.
package struct Settings: Sendable {
    package let dataDirectory: String
    /// Where each value came from, by name.
    package private(set) var origins: [String: SettingOrigin] = [:]

    // MARK: Where the processes are

    @Setting(
        "listen", .address, default: "127.0.0.1",
        "address that the checkout listens on; `0.0.0.0` for all of the machine's", for: [.order])
    package var listenAddress: String
    @Setting(
        "admin.listen", .address, default: "127.0.0.1",
        "address that the admin surfaces listen on; other than loopback only where a wall of another kind stands around "
            + "them, such as a container's", for: .services)
    package var adminListenAddress: String
    @Setting("gateway.listen", .address, default: "127.0.0.1", "address that the gateway listens on", for: [.gateway])
    package var gatewayListenAddress: String
    @Setting(
        "gateway.host", .host, default: "127.0.0.1", "where Payment calls the gateway: an address or a name",
        for: [.payment])
    package var gatewayHost: String
    @Setting(
        "service.host", .hostPattern, default: "127.0.0.1",
        "where the dashboard, `stampede` and `flash-sale` call the services; `{service}` stands for `order-service` and so "
            + "on", for: [.analytics])
    package var serviceHost: String
    @Setting("checkout.port", .port, default: 8080, "the checkout; 0 takes a free one", for: [.order])
    package var checkoutPort: Int
    @Setting("order.admin-port", .port, default: 9101, "admin surface of Order", for: [.order, .analytics])
    package var orderAdminPort: Int
    @Setting("inventory.admin-port", .port, default: 9102, "admin surface of Inventory", for: [.inventory, .analytics])
    package var inventoryAdminPort: Int
    @Setting("payment.admin-port", .port, default: 9103, "admin surface of Payment", for: [.payment, .analytics])
    package var paymentAdminPort: Int
    @Setting(
        "notification.admin-port", .port, default: 9104, "admin surface of Notification",
        for: [.notification, .analytics])
    package var notificationAdminPort: Int
    @Setting(
        "analytics.admin-port", .port, default: 9105, "admin surface of Analytics, and the dashboard", for: [.analytics]
    )
    package var analyticsAdminPort: Int
    @Setting(
        "gateway.port", .whole(1...65_535), default: 8090, "where the gateway listens and Payment calls it",
        for: [.payment, .gateway])
    package var gatewayPort: Int

    // MARK: The checkout

    @Setting(
        "checkout.max-connections", .whole(1...1_000_000), default: 10_000,
        "connections held at a time; further ones wait in the backlog of 4,096", for: [.order])
    package var maximumConnections: Int
    @Setting(
        "checkout.max-waiting", .whole(1...1_000_000), default: 4096,
        "checkouts that wait for their commit; one more is answered 503", for: [.order])
    package var maximumWaitingCheckouts: Int
    @Setting("checkout.max-lines", .whole(1...10_000), default: 1000, "lines an order", for: [.order])
    package var maximumLines: Int
    @Setting("checkout.max-quantity", .whole(1...1_000_000_000), default: 100_000, "pieces a line", for: [.order])
    package var maximumQuantity: Int
    @Setting(
        "checkout.max-body-bytes", .whole(1024...(16 << 20)), default: 1 << 20, "body of a request", for: [.order])
    package var maximumBodyBytes: Int

    @Setting(
        "checkout.rate-per-second", .whole(0...1_000_000), default: 0,
        "requests a second from one client address; 0 for any number", for: [.order])
    package var checkoutRate: Int
    @Setting(
        "checkout.rate-burst", .whole(1...1_000_000), default: 100,
        "requests that an address may send at once before that counts", for: [.order])
    package var checkoutRateBurst: Int

    // MARK: HTTP, of each server of a service

    @Setting(
        "http.max-head-bytes", .whole(1024...(1 << 20)), default: 16 << 10, "request line and header fields",
        for: .services)
    package var httpHeadBytes: Int
    @Setting("http.max-headers", .whole(10...10_000), default: 100, "header fields of a request", for: .services)
    package var httpHeaderFields: Int
    @Setting(
        "http.max-buffered-bytes", .whole((1 << 20)...(1 << 40)), default: 128 << 20,
        "bodies over 16 KiB that are being read, all together; at least one of the largest", for: .services)
    package var httpBufferedBytes: Int
    @Setting(
        "http.idle-seconds", .whole(1...3600), default: 60, "how long a connection may ask nothing", for: .services)
    package var httpIdleSeconds: Int
    @Setting(
        "http.head-seconds", .whole(1...3600), default: 10,
        "how long the head of a request may take, from its first byte", for: .services)
    package var httpHeadSeconds: Int
    @Setting(
        "http.body-seconds", .whole(1...3600), default: 30, "how long its body may take, from its head",
        for: .services)
    package var httpBodySeconds: Int
    @Setting(
        "http.taking-seconds", .whole(1...3600), default: 10, "how long a client may take nothing of an answer",
        for: .services)
    package var httpTakingSeconds: Int
    @Setting(
        "http.hosts", .hosts, default: "",
        "names, separated by commas, that clients may call a server besides its address and localhost "
            + "([http-api.md](http-api.md))", for: .services)
    package var httpHosts: String
    package var hostNames: [String] { HostText.list(httpHosts) }

    // MARK: What the services decide by

    @Setting(
        "inventory.hold-seconds", .whole(1...86_400), default: 600,
        "how long a reservation waits for its charge to begin", for: [.inventory])
    package var holdSeconds: Int
    @Setting("gateway.concurrency", .whole(1...10_000), default: 256, "calls to the gateway at a time", for: [.payment])
    package var gatewayConcurrency: Int
    @Setting(
        "gateway.timeout-milliseconds", .whole(1...600_000), default: 5000,
        "after which the outcome of a call is unknown", for: [.payment])
    package var gatewayTimeoutMilliseconds: Int
    @Setting(
        "analytics.stuck-after-seconds", .whole(1...86_400), default: 60,
        "age of an order without outcome that is reported", for: [.analytics])
    package var stuckAfterSeconds: Int
    @Setting(
        "analytics.low-stock", .whole(0...1_000_000_000), default: 5, "pieces below which a product is reported",
        for: [.analytics])
    package var lowStockThreshold: Int
    @Setting(
        "operator.email", .mailAddress, default: "operator@stampede.example",
        "whom Notification writes to when events lie dead", for: [.notification])
    package var operatorEmail: String

    // MARK: Delivery

    @Setting(
        "parking.limit", .whole(1...10_000_000), default: 10_000,
        "events a service sets aside at a time; at the bound its consumer slows down, then stands",
        for: .services)
    package var parkingLimit: Int
    @Setting(
        "inbox.window-hours", .whole(1...87_600), default: 168,
        "how long the inbox remembers what was applied; an older letter is imported with `--force` only",
        for: .services)
    package var inboxWindowHours: Int
    @Setting(
        "outbox.alert-seconds", .whole(1...86_400), default: 30,
        "age at which an event that is not in the log yet makes the service say that its outbox stands",
        for: .services)
    package var outboxAlertSeconds: Int
    @Setting(
        "stop.seconds", .whole(1...3600), default: 10,
        "how long a graceful stop may take; clients that are not done are cut off after half of it",
        for: .services)
    package var stopSeconds: Int

    // MARK: The event log

    @Setting(
        "log.segment-bytes", .whole((4 << 10)...(1 << 30)), default: 16 << 20,
        "size of a log segment, reserved when it is made; below 512 KiB is for tests: an event that does not fit stops "
            + "its service until the size is raised", for: .services)
    package var segmentBytes: Int
    @Setting(
        "log.scrub-bytes-per-second", .whole(0...(1 << 30)), default: 4 << 20,
        "how fast sealed segments are read again to find rot; 0 for never",
        for: .services)
    package var scrubBytesPerSecond: Int
    @Setting(
        "log.scrub-interval-seconds", .whole(1...31_536_000), default: 3600,
        "rest between two passes, and before the first",
        for: .services)
    package var scrubIntervalSeconds: Int

    // MARK: Telemetry

    @Setting(
        "metrics", .choice(["on", "off"]), default: true,
        "`off`: nothing is counted; `/metrics` tells only what is looked up when it is asked",
        for: .services)
    package var countsMetrics: Bool
    @Setting(
        "trace.share", .number(0...1), default: 0.01,
        "share of the traces begun here that are recorded; a caller's sampled flag counts instead "
            + "([telemetry.md](../telemetry.md))", for: .services)
    package var traceShare: Double
    @Setting(
        "trace.collector", .collector, default: nil, "a collector that takes OTLP/JSON over HTTP",
        for: .services)
    package var traceCollector: CollectorAddress?
    @Setting(
        "trace.file-bytes", .whole(0...(1 << 40)), default: 4 << 20,
        "size at which `traces/SERVICE.jsonl` takes the place of the file before it; 0 for no file",
        for: .services)
    package var traceFileBytes: Int
    @Setting(
        "trace.queue", .whole(1...1_000_000), default: 4096,
        "finished spans that wait for each destination; one more is dropped and counted",
        for: .services)
    package var traceQueue: Int
    @Setting(
        "log.level", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]), default: "info",
        "the least that is logged; `debug` tells of each event",
        for: .services)
    package var logLevel: String
    @Setting(
        "log.form", .choice(["auto", "json", "text"]), default: "auto",
        "auto: text where stderr is a terminal, else JSON",
        for: .services)
    package var logForm: String

    // MARK: -

    /// The defaults.
    package init(dataDirectory: String) {
        self.dataDirectory = dataDirectory
    }

    /// What the sources say.
    ///
    /// - Throws: `SettingsRefused`, with all that is wrong at once.
    package init(dataDirectory: String, from sources: SettingsSources) throws(SettingsRefused) {
        self.dataDirectory = dataDirectory
        let said = sources.read()
        var problems = said.problems
        for field in fields {
            let name = field.definition.name
            guard let origin = said.origins[name] else { continue }
            origins[name] = origin
            if !field.take(origin.text) { problems.append(.value(field.definition, origin.text, at: origin.place)) }
        }
        problems += ImpossibleTogether.problems(in: self, besides: Set(problems.compactMap(\.setting)))
        guard problems.isEmpty else { throw SettingsRefused(problems: problems) }
    }

    /// The rows, in order.
    package static let definitions = Settings(dataDirectory: "").fields.map(\.definition)

    private var fields: [any SettingField] {
        Mirror(reflecting: self).children.compactMap { $0.value as? any SettingField }
    }
}
