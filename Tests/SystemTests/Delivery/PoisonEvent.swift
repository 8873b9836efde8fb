import Contracts
import Foundation

extension DeliveryRun {
    private static let garbage = Array("no event at all".utf8)

    /// Bytes that are no event come to the service, and it throws on an event of one order. Then the cause is removed and
    /// the desk retried.
    func withPoison() async throws -> [String] {
        try await whileUp(faults: [service: "{}", service.neighbour: "{}"]) {
            let load = try Load(run)
            try await load.seed()
            let poisoned = try await placePoisonedOrder(load)
            let place = try await inject()
            try await load.place(1..<Self.orders)
            try await load.waitUntilSettled(but: poisoned)
            var objections = try await waitForLetters(of: poisoned, and: place)
            objections += try await auditOfPoisoned(poisoned)
            objections += try await retry()
            try await load.waitUntilSettled()
            return try await objections + afterwards(poisoned)
        }
    }

    /// The consumer is held meanwhile, so that the rule is there before the event.
    private func placePoisonedOrder(_ load: Load) async throws -> String {
        try await stampede("pause", service.rawValue, "--reason", "an order to poison")
        try await load.place(0..<1)
        guard let order = load.acknowledged.first else { throw TookTooLong(description: "no order was taken") }
        try write(
            #"{"rules":[{"type":"\#(service.consumedType)","subject":"\#(order)","effect":"throws"}]}"#, for: service)
        try await restart()
        try await stampede("resume", service.rawValue)
        return order
    }

    /// - Returns: the offset at which the bytes stand in the neighbour's topic.
    private func inject() async throws -> Int {
        let file = directory + "/raw.jsonl"
        let line = #"{"base64":"\#(Data(Self.garbage).base64EncodedString())"}"# + "\n"
        try line.write(toFile: file, atomically: true, encoding: .utf8)
        let answer = try await stampede("inject", "--service", service.neighbour.rawValue, file, "--json")
        let results = try CLI.object(answer.output)["results"] as? [[String: Any]]
        guard let offset = results?.first?["offset"] as? Int else {
            throw TookTooLong(description: "inject: \(answer.output)\(answer.errors)")
        }
        return offset
    }

    /// Both letters lie in the service's table and were told of on its dead-letter topic, each once.
    private func waitForLetters(of order: String, and offset: Int) async throws -> [String] {
        var letters: [[String: Any]] = []
        try await waitUntil("the desk of \(service.rawValue) has both letters") {
            letters = try await openLetters()
            return letters.count >= 2
        }
        func letter(_ isIt: ([String: Any]) -> Bool) -> String? { letters.first(where: isIt)?["eventId"] as? String }
        let thrown = letter {
            $0["subject"] as? String == order && $0["type"] as? String == service.consumedType
                && $0["errorKind"] as? String == "TestFault" && $0["attempts"] as? Int == 3
        }
        let unreadable = letter {
            $0["errorKind"] as? String == "undecodable" && $0["topic"] as? String == service.neighbour.topic.name
                && $0["offset"] as? Int == offset
        }
        guard letters.count == 2, let thrown, let unreadable else { return ["the desk has other letters: \(letters)"] }
        var told: [String] = []
        try await waitUntil("both are told of on \(service.deadLetterTopic)") {
            told = try deaths().map { "\($0.eventID)" }
            return told.count >= 2
        }
        let bytes = try deaths().first { "\($0.eventID)" == unreadable }?.event
        return objection(
            unless: told.sorted() == [thrown, unreadable].sorted() && bytes == Self.garbage,
            "\(service.deadLetterTopic) tells of \(told), the desk holds \(thrown) and \(unreadable)")
    }

    private func deaths() throws -> [V1.EventDeadLettered] {
        try events(of: service.deadLetterTopic).filter { $0.type == V1.EventDeadLettered.type }
            .map { try V1.EventDeadLettered.decoded(from: $0.data) }
    }

    /// The cause is gone: what was thrown on is applied, the bytes that are no event stay what they are.
    private func retry() async throws -> [String] {
        try write("{}", for: service)
        try await restart()
        let arguments = ["dlq", "retry", "--all", "--service", service.rawValue, "--json", "--data", run.data]
        let retry = try await runProgram(CLI.executable, arguments)
        let counts = try CLI.object(retry.output)["counts"] as? [String: Int]
        return objection(
            unless: counts?["applied"] == 1 && counts?["failed"] == 1 && retry.status == 1,
            "dlq retry: exit code \(retry.status), \(retry.output)\(retry.errors)")
    }

    private func afterwards(_ poisoned: String) async throws -> [String] {
        let letters = try await openLetters()
        let (verdict, explained) = try await verdict()
        return objection(
            unless: letters.count == 1 && letters[0]["errorKind"] as? String == "undecodable",
            "on the desk after the retry: \(letters)")
            + objection(
                unless: verdict.status == 0 && !explained.contains(poisoned),
                "audit after the retry: \(verdict.output)\(verdict.errors)")
    }

    /// With the letters on the desk the audit is VALID, and says which order they hold up.
    private func auditOfPoisoned(_ order: String) async throws -> [String] {
        let (verdict, explained) = try await verdict()
        return objection(
            unless: verdict.status == 0 && explained.contains(order),
            "audit with the letters on the desk: \(verdict.output)\(verdict.errors)")
    }

    /// The audit's word, and the orders that it explains.
    ///
    /// Not `auditWhenQuiet`: events that wait behind a letter are no work in flight.
    private func verdict() async throws -> (Outcome, explained: Set<String>) {
        let arguments = ["audit", "--json", "--data", run.data, "--bin", Project.binaries]
        var verdict = try await runProgram(CLI.executable, arguments)
        try await waitUntil("the audit knows") {
            if verdict.status == 4 { verdict = try await runProgram(CLI.executable, arguments) }
            return verdict.status != 4
        }
        let invariants = try CLI.object(verdict.output)["invariants"] as? [[String: Any]] ?? []
        let explained = invariants.flatMap { $0["explained"] as? [[String: Any]] ?? [] }
        return (verdict, Set(explained.compactMap { $0["order"] as? String }))
    }

    @discardableResult
    private func stampede(_ arguments: String...) async throws -> Outcome {
        let outcome = try await runProgram(CLI.executable, arguments + ["--data", run.data])
        guard outcome.status == 0 else {
            throw TookTooLong(description: "stampede \(arguments.joined(separator: " ")): \(outcome.errors)")
        }
        return outcome
    }
}
