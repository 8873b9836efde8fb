import Contracts
import Foundation

/// Reads back a journal that a worker wrote.
enum JournalFile {
    private struct Line: Decodable {
        var order: OrderID
        var key: String
        var amount: Int64
    }

    struct Entry: Sendable, Equatable {
        var order: OrderID
        var key: String
        var total: Int64
    }

    static func path(data: String, run: String, worker: Int) -> String {
        "\(data)/sale/acknowledged-\(run)-\(worker).jsonl"
    }

    static func entries(at path: String) throws -> [Entry] {
        guard let contents = FileManager.default.contents(atPath: path) else {
            throw JournalError(description: "cannot read the journal \(path)")
        }
        return try contents.split(separator: UInt8(ascii: "\n")).map { bytes in
            let line = try JSONDecoder().decode(Line.self, from: Data(bytes))
            return Entry(order: line.order, key: line.key, total: line.amount)
        }
    }
}
