import Foundation
import Testing

/// The model of the saga and the services are the same where they decide: `Sources/Services/Saga/saga_tables.pml` is made
/// here, out of the services' code.
@Suite("The saga's model")
struct SagaModelTests {
    private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Sources/Services/Saga/saga_tables.pml")

    @Test("decides as the services do, in every state and on every event")
    func tables() async throws {
        let made = try await Self.made()
        if ProcessInfo.processInfo.environment["STAMPEDE_WRITE_SAGA_TABLES"] != nil {
            try made.write(to: Self.file, atomically: true, encoding: .utf8)
        }
        let kept = try String(contentsOf: Self.file, encoding: .utf8)
        let difference = made.split(separator: "\n").difference(from: kept.split(separator: "\n"))
        let lines = difference.map { change in
            switch change {
            case .insert(_, let line, _): "the code:  \(line)"
            case .remove(_, let line, _): "the model: \(line)"
            }
        }
        #expect(
            made == kept,
            """
            The model and the code have parted:
            \(lines.joined(separator: "\n"))
            If the code is right, write the tables anew with 'Scripts/lib/model --tables', and see whether SPIN agrees.
            """)
    }

    private static func made() async throws -> String {
        let services = [try SagaOrderTables.make(), try SagaStockTables.make(), try await SagaPaymentTables.make()]
        let states = services.map(\.states)
        let tables = services.flatMap(\.tables)
        let known = Set(states.joined())
        var names: [String] = []
        for name in tables.flatMap({ $0.names + $0.answers })
        where !known.contains(name) && !["0", "1", "nothing"].contains(name) && !names.contains(name) {
            names.append(name)
        }
        let declarations = ([["nothing"]] + states + [names.sorted()]).map {
            "mtype = { \($0.joined(separator: ", ")) }"
        }
        return """
            /* Made out of the services' code by Tests/ServicesTests/Saga; 'Scripts/lib/model --tables' writes it anew.
             *
             * broken: the service refuses, the event would become a dead letter. anomaly: it cannot follow, and is kept. */

            \(declarations.joined(separator: "\n"))

            \(tables.map(\.promela).joined(separator: "\n\n"))

            """
    }
}
