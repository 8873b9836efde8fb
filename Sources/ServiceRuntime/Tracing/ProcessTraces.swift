import Contracts
import Foundation
import Logging
import ProcessSettings
import ServiceLifecycle
import Tracing

/// A process' tracer, and what takes its spans to where they go.
package struct ProcessTraces: Sendable {
    package let sampling: Sampling
    package let tracer: SpanTracer
    let exports: [any Service]

    /// Nil where spans go nowhere.
    init?(
        _ service: ServiceName, settings: Settings, collector: ((CollectorAddress) -> any SpanDestination)?,
        logger: Logger
    ) {
        var destinations: [any SpanDestination] = []
        let fileBytes = settings.traceFileBytes
        if fileBytes > 0 {
            let path = DataLayout(settings.dataDirectory).traces(of: service)
            destinations.append(SpanFile(path: path, maximumBytes: fileBytes))
        }
        if let collector, let address = settings.traceCollector { destinations.append(collector(address)) }
        guard !destinations.isEmpty else { return nil }
        let limit = settings.traceQueue
        let outlets = destinations.map { SpanQueue(limit: limit, destination: $0.name) }
        let resource = OTLPResource(
            service: "\(service.rawValue)-service", process: ProcessInfo.processInfo.processIdentifier)
        sampling = Sampling(share: settings.traceShare)
        tracer = SpanTracer(sampling: sampling, outlets: outlets)
        exports = zip(outlets, destinations).map {
            SpanExport($0, to: $1, of: resource, logger: logger)
        }
    }
}
