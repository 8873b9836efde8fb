import Contracts
import Foundation
import Logging
import ServiceLifecycle
import Tracing

/// Where a collector listens.
package struct CollectorAddress: Sendable, Equatable, CustomStringConvertible {
    package let host: String
    package let port: Int

    /// Of `http://HOST:PORT`, perhaps with a slash; nil for anything else.
    package init?(_ text: String) {
        guard let url = URLComponents(string: text), url.scheme == "http", let host = url.host, !host.isEmpty,
            let port = url.port, (1...65535).contains(port), ["", "/"].contains(url.path), url.query == nil,
            url.user == nil
        else { return nil }
        self.host = host
        self.port = port
    }

    package var description: String { "http://\(host):\(port)" }
}

/// A process' tracer, and what takes its spans to where they go.
package struct ProcessTraces: Sendable {
    package let sampling: Sampling
    package let tracer: SpanTracer
    let exports: [any Service]

    /// Nil where spans go nowhere.
    init?(
        _ service: ServiceName, settings: Settings, collector: ((CollectorAddress) -> any SpanDestination)?,
        logger: Logger
    ) throws {
        var destinations: [any SpanDestination] = []
        let fileBytes = try settings.traceFileBytes()
        if fileBytes > 0 {
            let path = DataLayout(settings.dataDirectory).traces(of: service)
            destinations.append(SpanFile(path: path, maximumBytes: fileBytes))
        }
        if let collector, let address = try settings.traceCollector() { destinations.append(collector(address)) }
        guard !destinations.isEmpty else { return nil }
        let limit = try settings.traceQueue()
        let outlets = destinations.map { SpanQueue(limit: limit, destination: $0.name) }
        let resource = OTLPResource(
            service: "\(service.rawValue)-service", process: ProcessInfo.processInfo.processIdentifier)
        sampling = Sampling(share: try settings.traceShare())
        tracer = SpanTracer(sampling: sampling, outlets: outlets)
        exports = zip(outlets, destinations).map {
            SpanExport($0, to: $1, of: resource, logger: logger)
        }
    }
}
