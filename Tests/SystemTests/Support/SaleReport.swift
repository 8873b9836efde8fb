import Foundation
import Testing

/// What tests read of `flash-sale … --json FILE`.
struct SaleReport: Decodable {
    struct Invariant: Decodable {
        let id: Int
        let title: String
        let holds: Holds
        let checked: Int

        /// true, false or "unknown".
        struct Holds: Decodable, Equatable {
            let isTrue: Bool

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                isTrue = (try? container.decode(Bool.self)) ?? false
            }
        }
    }

    struct Audit: Decodable {
        let verdict: String
        let invariants: [Invariant]
    }

    let offered: Int
    let accepted: Int
    let refused: [String: Int]
    let gaveUp: Int
    let notSent: Int
    let outcomes: [String: Int]
    let verdict: String

    init(path: String) throws {
        self = try JSONDecoder().decode(Self.self, from: try Data(contentsOf: URL(fileURLWithPath: path)))
    }
}

extension SupervisedRun {
    /// A flash sale on this run; fails the test with the sale's own words unless it ends as wanted.
    func sell(_ arguments: String..., exitCode: Int32 = 0) async throws -> SaleReport {
        let file = data + "/report-\(UUID().uuidString).json"
        let outcome = try await runProgram(
            binaries + "/flash-sale", ["run", "--data", data, "--json", file] + arguments)
        #expect(outcome.status == exitCode, "\(outcome.output)\n\(outcome.errors)")
        return try SaleReport(path: file)
    }

    /// `stampede audit`; its exit code is its verdict.
    func audit() async throws -> Outcome {
        try await runProgram(
            binaries + "/stampede", ["audit", "--data", data, "--bin", binaries])
    }

    /// Audits until no work is in flight any more.
    func auditWhenSettled() async throws -> Outcome {
        var latest = try await audit()
        try await waitUntil("the audit knows") {
            if latest.status == 4 { latest = try await audit() }
            return latest.status != 4
        }
        return latest
    }
}
