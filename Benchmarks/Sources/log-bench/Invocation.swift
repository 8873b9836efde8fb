/// What the command line asks for.
struct Invocation {
    enum Scenario {
        case append, append4, read, latency, all
        case batch(size: Int)
        case tail, recover, verify
        case hash(size: Int)
        /// A process that a scenario starts beside its own.
        case worker(Worker)
    }

    enum Misuse: Error, CustomStringConvertible {
        case unknown(String)
        case incomplete
        case notANumber(String, limit: Int)

        var description: String {
            switch self {
            case .unknown(let word): "'\(word)' does not belong here"
            case .incomplete: "something is missing"
            case .notANumber(let word, let limit): "'\(word)' is no number from 1 to \(limit)"
            }
        }
    }

    static let usage = """
        usage: log-bench append|append4|read|latency|all|tail|verify DIRECTORY [--events N] | batch N DIRECTORY \
        [--events N] | recover DIRECTORY [--mebibytes N] | hash N
        """

    /// Most events in one append.
    static let maximumBatch = 1024
    private static let maximumEvents = 1_000_000_000
    private static let maximumMebibytes = 1 << 20

    let scenario: Scenario
    /// Empty where the scenario needs none.
    let directory: String
    /// nil where the scenario's own number holds.
    private(set) var events: Int?
    private(set) var mebibytes = 1024
    /// Which of several equal workers this one is.
    private(set) var index = 0

    init(_ arguments: [String]) throws(Misuse) {
        var words = arguments[...]
        scenario = try Self.takeScenario(&words)
        if case .hash = scenario {
            directory = ""
        } else {
            directory = try Self.take(&words)
            guard !directory.isEmpty, !directory.hasPrefix("--") else { throw .unknown(directory) }
        }
        while let option = words.popFirst() {
            switch (option, scenario) {
            case ("--mebibytes", .recover), ("--mebibytes", .worker):
                mebibytes = try Self.number(try Self.take(&words), atMost: Self.maximumMebibytes)
            case ("--index", .worker): index = try Self.number(try Self.take(&words), atMost: Self.maximumEvents)
            case (_, .recover), (_, .hash): throw .unknown(option)
            case ("--events", _): events = try Self.number(try Self.take(&words), atMost: Self.maximumEvents)
            default: throw .unknown(option)
            }
        }
    }

    private static func takeScenario(_ words: inout ArraySlice<String>) throws(Misuse) -> Scenario {
        let word = try take(&words)
        switch word {
        case "append": return .append
        case "append4": return .append4
        case "read": return .read
        case "latency": return .latency
        case "all": return .all
        case "batch": return .batch(size: try number(try take(&words), atMost: maximumBatch))
        case "tail": return .tail
        case "recover": return .recover
        case "verify": return .verify
        case "hash": return .hash(size: try number(try take(&words), atMost: maximumBatch))
        default:
            guard let worker = Worker(rawValue: word) else { throw .unknown(word) }
            return .worker(worker)
        }
    }

    private static func take(_ words: inout ArraySlice<String>) throws(Misuse) -> String {
        guard let word = words.popFirst() else { throw .incomplete }
        return word
    }

    private static func number(_ word: String, atMost limit: Int) throws(Misuse) -> Int {
        guard word.allSatisfy(\.isNumber), let number = Int(word), (1...limit).contains(number) else {
            throw .notANumber(word, limit: limit)
        }
        return number
    }
}
