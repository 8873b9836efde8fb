import ArgumentParser
import Contracts

/// What came of the letters that a command acted on: a line each as it happens, below it the detail where there is one,
/// and a summary at the end.
///
/// *Guarantee*: each line is out before the next request is sent, so that after a kill the operator knows what was done.
final class LetterResults {
    private struct Result {
        let service: ServiceName
        let eventID: String
        let outcome: String
        let detail: String?
    }

    private let output = Output()
    private let isJSON: Bool
    private var results: [Result] = []
    private var problems: [String] = []

    private static let serviceWidth = 12
    private static let outcomeWidth = 9
    private static let indent = "  "
    /// Outcomes after which there is nothing left to do.
    private static let good: Set = ["applied", "duplicate", "notOpen", "edited", "discarded", "imported"]

    init(isJSON: Bool) {
        self.isJSON = isJSON
    }

    func add(_ service: ServiceName, _ eventID: String, _ outcome: String, _ detail: String?) {
        results.append(Result(service: service, eventID: eventID, outcome: outcome, detail: detail))
        guard !isJSON else { return }
        let isGood = Self.good.contains(outcome)
        let head = output.style.paint(padded(TerminalText.safe(outcome), Self.outcomeWidth), isGood ? .good : .bad)
        output.line("\(head)  \(padded(service.rawValue, Self.serviceWidth))  \(TerminalText.safe(eventID))")
        guard let detail else { return }
        let lines = TerminalText.wrapped(TerminalText.safe(detail), to: output.width - Self.indent.count)
        output.lines(lines.map { Self.indent + output.style.paint($0, .faint) })
    }

    /// The `results` of a service's answer.
    func add(_ service: ServiceName, _ answer: JSONValue) {
        for result in answer["results"]?.elements ?? [answer] {
            add(
                service, result["eventId"]?.text ?? "?", result["outcome"]?.text ?? "?",
                result["detail"]?.text)
        }
        output.flush()
    }

    /// What kept letters from being acted on; the command goes on with others, and ends with 1.
    func problem(_ text: String) {
        output.flush()
        problems.append(text)
        Talk.problem(text)
    }

    /// - Throws: `ExitCode.failure` where anything failed.
    func finish() throws {
        let counts = Dictionary(grouping: results, by: \.outcome).mapValues(\.count)
        if isJSON {
            let json = JSONValue.object([
                "results": .array(results.map(json)), "counts": .object(counts.mapValues { JSONValue($0) }),
                "problems": .array(problems.map(JSONValue.string)),
            ])
            output.line(try json.document())
        } else {
            let parts = counts.sorted { $0.key < $1.key }.map { "\(Words.count($0.value)) \($0.key)" }
            output.line(
                Words.counted(results.count, "letter") + (parts.isEmpty ? "" : ": " + parts.joined(separator: ", ")))
        }
        output.flush()
        guard problems.isEmpty, results.allSatisfy({ Self.good.contains($0.outcome) }) else { throw ExitCode.failure }
    }

    private func json(_ result: Result) -> JSONValue {
        .object([
            "service": .string(result.service.rawValue), "eventId": .string(result.eventID),
            "outcome": .string(result.outcome), "detail": JSONValue(result.detail),
        ])
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
