import Contracts
import Logging

/// What a simulated process writes to its log: told in the story, and asked how often a handler failed.
struct ProcessLog: LogHandler {
    let process: SimulatedProcess
    var logLevel = Logger.Level.notice
    var metadata: Logger.Metadata = [:]

    init(process: SimulatedProcess) {
        self.process = process
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        if event.level == .warning, event.message.description.hasPrefix("an event failed") {
            process.world.saboteur.fired(.handlerFault)
        }
        process.world.trace.tell(
            "\(process.service?.rawValue ?? "program") says: \(event.message)"
                + (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined())
    }
}
