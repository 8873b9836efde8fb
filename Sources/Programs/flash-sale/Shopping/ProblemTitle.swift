import Foundation

/// The title of an `application/problem+json` body (RFC 9457), which groups refusals in the report.
enum ProblemTitle {
    private struct Problem: Decodable {
        var title: String?
    }

    static let maximumLength = 60

    static func of(_ body: [UInt8]) -> String? {
        // A body that is no problem document has no title; the refusal keeps its status and a sample of the body.
        guard let problem = try? JSONDecoder().decode(Problem.self, from: Data(body)), let title = problem.title else {
            return nil
        }
        return String(title.prefix(maximumLength))
    }
}
