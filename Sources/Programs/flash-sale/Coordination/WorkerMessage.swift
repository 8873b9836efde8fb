import Foundation

/// What the coordinator tells a worker on its standard input, a JSON line each.
enum WorkerOrder: Codable, Sendable {
    case prepare(Assignment)
    /// Open the doors at this monotonic instant, in nanoseconds.
    case start(at: Int64)

    /// One worker's part of a sale.
    struct Assignment: Codable, Sendable {
        var sale: SalePlan
        var worker: Int
        var workers: Int
        var plan: WorkerPlan
        var journalPath: String
    }
}

/// What a worker tells the coordinator on its standard output, a JSON line each.
enum WorkerReport: Codable, Sendable {
    case ready
    case progress(Tally)
    case done(WorkerResult)
}

/// Messages as lines of JSON.
enum LineCoding {
    static func line(_ message: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(message), as: UTF8.self) + "\n"
    }

    static func message<Message: Decodable>(_ line: String, as type: Message.Type = Message.self) throws -> Message {
        try JSONDecoder().decode(type, from: Data(line.utf8))
    }
}
