import AnalyticsService
import Contracts
package import Delivery
import HTTPTypes
package import Hummingbird
import Logging
import NIOCore
package import ServiceLifecycle
import ServiceRuntime

/// The dashboard: one page on Analytics' admin port, live by server-sent events.
///
/// `/` and `/orders/{id}` are the page, `/assets/…` its files, `/events` the stream, `/api/orders/{id}` an order's story.
package final class Dashboard: Surface {
    /// Between two snapshots while somebody watches: the figures are never older.
    static let tick = Duration.milliseconds(200)
    /// Between the end of one tick and the next, at least: on a machine that is too busy the figures grow older, not the load.
    private static let rest = Duration.milliseconds(50)
    /// Ticks between two points of the chart, and two questions to the other services.
    static let ticksASecond: Int64 = 5
    /// After how long a client that lost its stream comes back.
    private static let retryMilliseconds = 1000

    package let operations: [HTTPOperation] = Dashboard.operations
    private let sources: DashboardSources
    private let stories: OrderStories
    let feed = DashboardFeed()
    let history = RateHistory()
    /// When the process began: it tells its stream from that of the one before.
    let start: Int64

    package init(_ sources: DashboardSources) {
        self.sources = sources
        stories = OrderStories(sources)
        start = sources.clock.now().microseconds
    }

    // MARK: - Requests

    package func answer(_ request: Request) async throws -> Response? {
        let path = request.uri.path
        if let asset = PageFiles.asset(path) {
            return asset
        }
        if path == "/" || Self.order(path, below: "/orders/") != nil {
            return PageFiles.dashboard
        }
        if path == "/events" {
            // The header is what the browser sends by itself, the parameter what the page does after a pause.
            let place = request.headers[.lastEventID] ?? request.uri.queryParameters["after"].map { String($0) }
            return try stream(after: place.flatMap { StreamPlace($0) })
        }
        if let order = Self.order(path, below: "/api/orders/") {
            return JSONAnswer.response(.ok, try await stories.story(of: order))
        }
        return nil
    }

    private static func order(_ path: String, below prefix: String) -> OrderID? {
        path.hasPrefix(prefix) ? OrderID(path.dropFirst(prefix.count)) : nil
    }

    /// First what the client missed, then the latest snapshot, then each one as it comes.
    private func stream(after place: StreamPlace?) throws -> Response {
        guard let frames = feed.subscribe() else {
            throw Problem.unavailable("\(DashboardFeed.maximumClients) watch already", retryAfterSeconds: 5)
        }
        let missed = history.points(after: place.flatMap { $0.start == start ? $0.tick : nil })
        let opening =
            ServerSentEvent.retry(milliseconds: Self.retryMilliseconds)
            + ServerSentEvent.text(
                event: "history", data: String(decoding: JSONAnswer.encode(["points": missed]), as: UTF8.self))
        var headers: HTTPFields = [.contentType: "text/event-stream"]
        headers.add(PageFiles.pageHeaders)
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                try await writer.write(ByteBuffer(string: opening))
                for await frame in frames { try await writer.write(ByteBuffer(string: frame)) }
                try await writer.finish(nil)
            })
    }

    // MARK: - Ticks

    /// To be run with the service's other parts.
    package var part: ServicePart {
        let maker = Handover(SnapshotMaker(sources))
        return ServicePart("dashboard", on: .own) { [self] in try await run(maker.take()) }
    }

    private func run(_ maker: SnapshotMaker) async throws {
        let clock = ContinuousClock()
        var tick: Int64 = 0
        var problem: String?
        while true {
            let begun = clock.now
            let former = problem
            problem = await trouble(at: tick, maker)
            if let problem {
                // It shows what there is; whatever heals goes on by itself.
                if problem != former {
                    sources.logger.warning("the dashboard stands still", metadata: ["error": "\(problem)"])
                }
                feed.publish(ServerSentEvent.text(event: "problem", data: problem))
            }
            tick += 1
            try await Task.sleep(for: max(Self.rest, Self.tick - (clock.now - begun)))
        }
    }

    /// Why a tick did not come off; nil where it did.
    private func trouble(at tick: Int64, _ maker: SnapshotMaker) async -> String? {
        do {
            try await take(tick, maker)
            return nil
        } catch {
            return "\(error)"
        }
    }

    private func take(_ tick: Int64, _ maker: SnapshotMaker) async throws {
        let place = StreamPlace(start: start, tick: tick)
        if tick % Self.ticksASecond == 0 {
            let counts = try await maker.counts()
            history.add(
                RateHistory.Point(
                    tick: tick, at: sources.clock.now(), created: counts.created, settled: counts.settled))
        }
        guard feed.clients > 0 else { return feed.forget() }
        if tick % Self.ticksASecond == 0 || feed.hasNewcomers { try await maker.lookAround() }
        let json = try await maker.json(place, history.latest)
        feed.publish(ServerSentEvent.text(id: place.description, event: "snapshot", data: json))
    }

    /// A server whose streams end when it is told to stop: it would wait for them for ever.
    package func ending(with server: any Service) -> any Service {
        EndingServer(server: server, feed: feed)
    }
}

private struct EndingServer: Service, CustomStringConvertible {
    let server: any Service
    let feed: DashboardFeed

    var description: String { "\(server)" }

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await server.run()
        } onGracefulShutdown: {
            feed.close()
        }
    }
}

extension HTTPField.Name {
    static let lastEventID = Self("Last-Event-ID")!  // holds: token characters only
}
