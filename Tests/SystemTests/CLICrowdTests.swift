import Contracts
import Foundation
import GRDB
import Testing
import TestSupport

/// One order among many: what is read to find it does not grow with how many there are.
@Suite("stampede order, in a crowd", .timeLimit(.minutes(5)))
struct CLICrowdTests {
    private static let orders = 5000

    /// The ids that the program `crowd` gives.
    private static func order(_ number: Int) -> OrderID {
        .version7(at: CLIWorld.start + .milliseconds(number), randomBits: (0, UInt64(number)))
    }

    /// Programs that ran once have made their tables.
    private func withCrowd(_ body: (String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data")
            try await run.whileUp {}
            let outcome = try await runProgram(
                Project.binaries + "/crowd",
                ["--data", run.data, "--orders", "\(Self.orders)", "--segment-bytes", "65536"])
            try #require(outcome.status == 0, "\(outcome.errors)")
            try await body(run.data)
        }
    }

    private struct Told {
        let types: [String]
        let ids: [String]
        let eventsRead: Int
        let waits: Int
    }

    private func tell(_ name: String, _ data: String) async throws -> Told {
        let json = try await CLI.json("order", name, data: data)
        let searched = try #require(json["searched"] as? [String: Int])
        let events = try #require(json["events"] as? [[String: Any]])
        #expect(try #require(searched["eventsInLog"]) == 5 * Self.orders)
        return Told(
            types: events.compactMap { $0["type"] as? String }, ids: events.compactMap { $0["id"] as? String },
            eventsRead: try #require(searched["eventsRead"]), waits: (json["waitsFor"] as? [Any])?.count ?? -1)
    }

    private static let way = [
        "v1.OrderCreated", "v1.StockReserved", "v1.PaymentSucceeded", "v1.OrderConfirmed", "v1.NotificationSent",
    ]

    @Test("any order is found whole by any of its names, and little of the log is read for it")
    func found() async throws {
        try await withCrowd { data in
            for number in [0, Self.orders / 3, Self.orders - 1] {
                let order = Self.order(number)
                let told = try await tell("\(order)", data)
                #expect(told.types == Self.way && told.waits == 0)
                for name in ["key-\(order)", try #require(told.ids.last), "<\(told.ids[3])@stampede.example>"] {
                    let same = try await tell(name, data)
                    #expect(same.ids == told.ids, "\(name)")
                    // Its own, and those on the way from the first to the last of a topic.
                    #expect(same.eventsRead < 1000, "\(same.eventsRead) events read for \(name)")
                }
            }
            // What inboxes have forgotten is found by the times of the rows.
            for service in ServiceName.allCases {
                let queue = try DatabaseQueue(path: "\(data)/db/\(service.rawValue)/\(service.rawValue).db")
                try await queue.write { try $0.execute(sql: "DELETE FROM inbox") }
                try queue.close()
            }
            for number in [Self.orders / 2, Self.orders - 1] {
                let told = try await tell("\(Self.order(number))", data)
                #expect(told.types == Self.way && told.waits == 0, "\(number): \(told.types)")
                #expect(told.eventsRead < 5 * Self.orders * 2 / 3, "\(told.eventsRead) events read")
            }
        }
    }
}
