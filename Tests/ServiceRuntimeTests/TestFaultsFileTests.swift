import Contracts
import Delivery
import Foundation
import GRDB
import Testing
import TestSupport

@testable import ServiceRuntime

@Suite("A file of test faults", .timeLimit(.minutes(5)))
struct TestFaultsFileTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.path + "/faults.json" }

    private struct OnOrderCreated: EventHandler {
        func decide(_ event: Delivered<V1.OrderCreated>, in db: Database) throws -> [Outgoing] { [] }
    }

    private let card = ServiceCard(
        name: .inventory, subscriptions: [Subscription(.orders, OnOrderCreated())], facts: [], digest: [],
        createTables: { _ in })

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func read(_ text: String) throws -> TestFaults {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return try TestFaultsFile.read(path, for: card)
    }

    @Test("everything that can be said is understood")
    func understood() throws {
        let faults = try read(
            """
            {"rules":[{"type":"v1.OrderCreated","share":0.01,"effect":"throws"},
                      {"type":"v1.OrderCreated","share":1,"effect":"transient","times":2},
                      {"type":"v1.OrderCreated","subject":"o-1","effect":"unavailable"},
                      {"type":"v1.OrderCreated","share":0,"effect":"traps"}],
             "delivery":{"twice":true,"seed":7}}
            """)
        #expect(faults.rules.map(\.effect) == [.throws, .transient(times: 2), .unavailable, .traps])
        #expect(faults.rules.map(\.share) == [0.01, 1, 1, 0])
        #expect(faults.rules.map(\.subject) == [nil, nil, "o-1", nil])
        #expect(faults.delivery == DeliveryDisorder(twice: true, shuffle: false, seed: 7))
        let none = try read("{}")
        #expect(none.rules.isEmpty && none.delivery == DeliveryDisorder())
    }

    @Test(
        "what cannot be is refused with file and field",
        arguments: [
            ("{", "JSON"), ("[]", "an object"), (#"{"rule":[]}"#, "'rule'"), (#"{"rules":{}}"#, "rules is 'an object'"),
            (#"{"rules":[{"effect":"throws"}]}"#, "rules[0]: type"),
            (#"{"rules":[{"type":"v1.StockReserved","effect":"throws"}]}"#, "v1.OrderCreated"),
            (#"{"rules":[{"type":"v1.OrderCreated"}]}"#, "rules[0]: effect"),
            (#"{"rules":[{"type":"v1.OrderCreated","effect":"explodes"}]}"#, "rules[0]: effect is 'explodes'"),
            (#"{"rules":[{"type":"v1.OrderCreated","effect":"throws","share":1.5}]}"#, "rules[0]: share is '1.5'"),
            (#"{"rules":[{"type":"v1.OrderCreated","effect":"throws","share":-1}]}"#, "rules[0]: share is '-1'"),
            (#"{"rules":[{"type":"v1.OrderCreated","effect":"throws","share":"all"}]}"#, "rules[0]: share is 'all'"),
            (#"{"rules":[{"type":"v1.OrderCreated","effect":"throws","times":2}]}"#, "rules[0]: times"),
            (#"{"rules":[{"type":"v1.OrderCreated","effect":"transient"}]}"#, "rules[0]: times"),
            (#"{"rules":[{"type":"v1.OrderCreated","effect":"transient","times":0}]}"#, "rules[0]: times is '0'"),
            (#"{"rules":[{"type":"v1.OrderCreated","effect":"throws","chance":1}]}"#, "'chance'"),
            (#"{"rules":[{"type":7,"effect":"throws"}]}"#, "rules[0]: type is '7'"),
            (#"{"delivery":{"twice":1}}"#, "delivery: twice is '1'"),
            (#"{"delivery":{"seed":-1}}"#, "delivery: seed is '-1'"),
        ])
    func refused(text: String, named: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try read(text) }
        let said = error?.description ?? ""
        #expect(said.contains("--test-faults"), "\(said)")
        #expect(said.contains(path), "\(said)")
        #expect(said.contains(named), "\(said)")
        #expect(error.map(ExitStatus.code) == ExitStatus.usage)
    }

    @Test("a file that is not there is refused by name")
    func missing() {
        let error = #expect(throws: ConfigurationError.self) { try TestFaultsFile.read(path, for: card) }
        #expect(error?.description.contains(path) == true)
    }
}
