import Contracts
import Foundation

/// The load generator's journals: what the shop acknowledged, as the shoppers saw it.
struct JournalFacts {
    var acknowledged: [Acknowledged] = []
    var faults: [(place: Place, reason: String)] = []
    var files = 0

    struct Acknowledged {
        let order: OrderID
        let key: String
        let total: Money
        /// The file, and the line in it.
        let file: String
        let line: Int
    }

    private struct Line: Decodable {
        let order: OrderID
        let key: String
        let amount: Int64
        let currency: String
    }

    init(directory: String) {
        var status = stat()
        guard lstat(directory, &status) == 0 else { return }  // no sale, no journals
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            faults.append((Place(file: "sale"), "what was acknowledged cannot be read: it is no readable directory"))
            return
        }
        for name in names.sorted() where name.hasPrefix("acknowledged-") && name.hasSuffix(".jsonl") {
            files += 1
            read(directory + "/" + name, as: "sale/" + name)
        }
    }

    private mutating func read(_ path: String, as file: String) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            let contents = FileManager.default.contents(atPath: path)
        else {
            faults.append((Place(file: file), "it cannot be read"))
            return
        }
        let decoder = JSONDecoder()
        var number = 0
        var start = contents.startIndex
        // A last line without its end was never synced, so it acknowledges nothing.
        while let end = contents[start...].firstIndex(of: UInt8(ascii: "\n")) {
            number += 1
            do {
                let line = try decoder.decode(Line.self, from: contents[start..<end])
                acknowledged.append(
                    Acknowledged(
                        order: line.order, key: line.key, total: Money(amount: line.amount, currency: line.currency),
                        file: file, line: number))
            } catch {
                faults.append(
                    (Place(file: file, offset: UInt64(number)), "line \(number) is no acknowledgement: \(error)"))
            }
            start = contents.index(after: end)
        }
        // Bytes that no generator writes: what was there before is gone.
        if let first = contents[start...].first, first != UInt8(ascii: "{") {
            faults.append((Place(file: file, offset: UInt64(number + 1)), "its end is no acknowledgement"))
        }
    }
}
