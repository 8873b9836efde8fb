import Foundation

extension SupervisedRun {
    /// What `stampede status --json` says of work in flight.
    private struct Work: Decodable {
        struct Service: Decodable {
            struct Consumer: Decodable {
                let behind: Int?
            }

            let consumes: [Consumer]
            let outboxUnpublished: Int?
            let parked: Int?
            let openCalls: Int?

            /// A service of which something is not known is not quiet; the gateway has no desk.
            var isQuiet: Bool {
                consumes.isEmpty
                    || consumes.allSatisfy { $0.behind == 0 } && outboxUnpublished == 0 && parked == 0 && openCalls == 0
            }
        }

        let services: [Service]
    }

    /// The audit's word once no work is in flight: `status` is asked first, which costs less than an audit in vain.
    ///
    /// The judges are the real programs, whatever `binaries` holds.
    func auditWhenQuiet() async throws -> Outcome {
        let stampede = Project.binaries + "/stampede"
        var latest = Outcome(status: 4, output: "", errors: "")
        do {
            try await waitUntil("the audit knows") {
                let status = try await runProgram(stampede, ["status", "--json", "--data", data])
                guard let work = try? JSONDecoder().decode(Work.self, from: Data(status.output.utf8)),
                    work.services.count == Self.services.count, work.services.allSatisfy(\.isQuiet)
                else {
                    latest = status
                    return false
                }
                latest = try await runProgram(
                    stampede, ["audit", "--data", data, "--bin", Project.binaries])
                return latest.status != 4
            }
        } catch {
            throw TookTooLong(description: "\(error); the last answer:\n\(latest.output)\(latest.errors)")
        }
        return latest
    }
}
