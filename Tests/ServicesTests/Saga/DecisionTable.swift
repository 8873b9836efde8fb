/// A decision that was asked for every input there is, and how it reads in Promela.
struct DecisionTable {
    /// A name and all its values; `0` and `1` are a condition that is not met, or met.
    struct Input {
        let name: String
        let values: [String]

        static func condition(_ name: String) -> Input { Input(name: name, values: ["0", "1"]) }
    }

    private struct Row {
        var inputs: [String]
        let outputs: [String]
    }

    let name: String
    let comment: String
    private let inputs: [Input]
    private let outputs: [String]
    private let rows: [Row]

    /// - Parameters:
    ///   - outputs: what is answered; one that has the name of an input is changed in place.
    ///   - decide: asked once for each combination of the inputs' values, in their order.
    init(
        _ name: String, _ comment: String, _ inputs: [Input], outputs: [String],
        decide: ([String]) throws -> [String]
    ) rethrows {
        self.name = name
        self.comment = comment
        self.inputs = inputs
        self.outputs = outputs
        let combinations = inputs.reduce([[]]) { before, input in
            before.flatMap { head in input.values.map { head + [$0] } }
        }
        rows = try combinations.map { Row(inputs: $0, outputs: try decide($0)) }
    }

    /// Every value of the inputs.
    var names: [String] { inputs.flatMap(\.values) }

    /// Every value that an answer can have.
    var answers: [String] { rows.flatMap(\.outputs) }

    /// An `inline`: one line a case, what makes no difference left out, the most frequent answer last.
    var promela: String {
        let parameters = inputs.map { "\($0.name)_" } + outputs.filter { !isInput($0) }.map { "\($0)_" }
        let cases = cases(of: rows, where: [])
        let counts = Dictionary(grouping: rows, by: \.outputs).mapValues(\.count)
        // The first of the most frequent, so that the text is the same each time.
        let usual = rows.map(\.outputs).reduce(rows[0].outputs) {
            counts[$1, default: 0] > counts[$0, default: 0] ? $1 : $0
        }
        let lines = cases.filter { $0.outputs != usual }
            .map { "    :: \($0.conditions.joined(separator: " && ")) -> \(assignments($0.outputs))" }
        return """
            /* \(comment) */
            inline \(name)(\(parameters.joined(separator: ", "))) {
                if
            \(lines.joined(separator: "\n"))
                :: else -> \(assignments(usual))
                fi
            }
            """
    }

    private func isInput(_ output: String) -> Bool { inputs.contains { $0.name == output } }

    private func assignments(_ answer: [String]) -> String {
        zip(outputs, answer).map { "\($0)_ = \($1)" }.joined(separator: "; ")
    }

    private func cases(of rows: [Row], where conditions: [String]) -> [(conditions: [String], outputs: [String])] {
        guard let column = inputs.indices.first(where: { matters($0, in: rows) }) else {
            return [(conditions, rows[0].outputs)]
        }
        let values = inputs[column].values
        let parts = values.map { value in rows.filter { $0.inputs[column] == value } }
        // All but one value alike: said in two lines.
        for one in values.indices where values.count > 2 {
            let others = values.indices.filter { $0 != one }.map { answers(parts[$0], without: column) }
            if others.allSatisfy({ $0 == others[0] }) {
                return cases(of: parts[one], where: conditions + [condition(column, values[one])])
                    + cases(
                        of: parts[one == 0 ? 1 : 0],
                        where: conditions + ["\(inputs[column].name)_ != \(values[one])"])
            }
        }
        return zip(values, parts).flatMap { value, part in
            cases(of: part, where: conditions + [condition(column, value)])
        }
    }

    private func answers(_ rows: [Row], without column: Int) -> [[String]: [String]] {
        rows.reduce(into: [:]) { answers, row in
            var inputs = row.inputs
            inputs[column] = ""
            answers[inputs] = row.outputs
        }
    }

    /// Whether the answers differ where nothing but this input does.
    private func matters(_ column: Int, in rows: [Row]) -> Bool {
        var answers: [[String]: [String]] = [:]
        for var row in rows {
            row.inputs[column] = ""
            if let other = answers.updateValue(row.outputs, forKey: row.inputs), other != row.outputs { return true }
        }
        return false
    }

    private func condition(_ column: Int, _ value: String) -> String {
        switch value {
        case "0": "!(\(inputs[column].name)_)"
        case "1": "\(inputs[column].name)_"
        default: "\(inputs[column].name)_ == \(value)"
        }
    }
}
