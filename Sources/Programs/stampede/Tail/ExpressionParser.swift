import CommandLineKit

/// Reads an expression; what is wrong with it is said with its place.
///
///     expression = term { "or" term }
///     term       = factor { "and" factor }
///     factor     = "not" factor | "(" expression ")" | field [ operator value ]
///     value      = 'text' | "text" | number | true | false | null | word
struct ExpressionParser {
    struct Fault: Error, Equatable, CustomStringConvertible {
        /// Of the expression, from 1.
        let column: Int
        let reason: String

        var description: String { "at character \(column): \(reason)" }
    }

    static let maximumBytes = 4096
    static let maximumDepth = 64

    private let tokens: [ExpressionToken]
    private let endColumn: Int
    private var next = 0
    private var depth = 0

    /// - Throws: `Fault`.
    static func parse(_ text: String) throws(Fault) -> EventExpression {
        guard text.utf8.count <= maximumBytes else {
            throw Fault(column: 1, reason: "an expression has at most \(maximumBytes) bytes")
        }
        var parser = Self(tokens: try ExpressionToken.all(of: text), endColumn: text.count + 1)
        let expression = try parser.expression()
        if let token = parser.peek {
            throw Fault(column: token.column, reason: "'\(token.text)' is one thing too many")
        }
        return expression
    }

    private var peek: ExpressionToken? { next < tokens.count ? tokens[next] : nil }

    private mutating func take() -> ExpressionToken? {
        defer { next += 1 }
        return peek
    }

    private mutating func takes(_ word: String) -> Bool {
        guard let token = peek, token.isBare, token.text.lowercased() == word else { return false }
        next += 1
        return true
    }

    private mutating func expression() throws(Fault) -> EventExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw fault("more than \(Self.maximumDepth) levels deep")
        }
        var left = try term()
        while takes("or") { left = .either(left, try term()) }
        return left
    }

    private mutating func term() throws(Fault) -> EventExpression {
        var left = try factor()
        while takes("and") { left = .both(left, try factor()) }
        return left
    }

    private mutating func factor() throws(Fault) -> EventExpression {
        var isNegated = false
        while takes("not") { isNegated.toggle() }
        let inner = try plainFactor()
        return isNegated ? .not(inner) : inner
    }

    private mutating func plainFactor() throws(Fault) -> EventExpression {
        if takes("(") {
            let inner = try expression()
            guard takes(")") else { throw fault("a ')' is missing") }
            return inner
        }
        guard let token = peek, token.isBare, !token.isSign else {
            throw fault("a field is missing, such as type, subject or data.total.amount")
        }
        guard let field = EventField(token.text) else {
            let names = EventField.Attribute.allCases.map(\.rawValue).joined(separator: ", ")
            let known = EventField.Attribute.allCases.map(\.rawValue) + [EventField.data]
            let question = NearMiss.question(token.text, among: known).map { "; \($0)" } ?? ""
            throw fault("there is no field '\(token.text)'\(question); there are \(names), and data.MEMBER")
        }
        next += 1
        guard let sign = peek, sign.isBare, let comparison = EventExpression.Comparison(rawValue: sign.comparison)
        else {
            return .truth(field)
        }
        next += 1
        return .comparison(field, comparison, try literal(comparison))
    }

    private mutating func literal(_ comparison: EventExpression.Comparison) throws(Fault) -> EventExpression.Literal {
        guard let token = peek, !token.isBare || !token.isSign else {
            throw fault("a value is missing behind '\(comparison.rawValue)'")
        }
        next += 1
        if !token.isBare || comparison == .contains { return .text(token.text) }
        switch token.text {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .null
        default:
            if let number = Double(token.text), number.isFinite { return .number(number) }
            return .text(token.text)
        }
    }

    private func fault(_ reason: String) -> Fault { Fault(column: peek?.column ?? endColumn, reason: reason) }
}
