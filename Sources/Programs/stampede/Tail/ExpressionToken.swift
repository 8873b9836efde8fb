/// A word, a sign or a quoted text of an expression.
struct ExpressionToken: Equatable {
    let text: String
    /// Of its first character, from 1.
    let column: Int
    /// Not quoted.
    let isBare: Bool

    var isSign: Bool {
        isBare && (text == "(" || text == ")" || EventExpression.Comparison(rawValue: comparison) != nil)
    }

    /// `==` is written by habit.
    var comparison: String { text == "==" ? "=" : text }

    private static let signs: Set<Character> = ["=", "!", "<", ">", "~"]

    /// - Throws: `ExpressionParser.Fault` for a quote that does not end.
    static func all(of text: String) throws(ExpressionParser.Fault) -> [ExpressionToken] {
        var tokens: [ExpressionToken] = []
        let characters = Array(text)
        var index = 0
        while index < characters.count {
            let start = index
            let character = characters[index]
            if character.isWhitespace {
                index += 1
            } else if character == "'" || character == "\"" {
                guard let end = characters[(index + 1)...].firstIndex(of: character) else {
                    throw ExpressionParser.Fault(column: start + 1, reason: "the text that begins here does not end")
                }
                tokens.append(Self(text: String(characters[index + 1..<end]), column: start + 1, isBare: false))
                index = end + 1
            } else {
                index = end(of: characters, from: index)
                tokens.append(Self(text: String(characters[start..<index]), column: start + 1, isBare: true))
            }
        }
        return tokens
    }

    /// Behind the parenthesis, the comparison or the word that begins there.
    private static func end(of characters: [Character], from start: Int) -> Int {
        if "()".contains(characters[start]) { return start + 1 }
        let isSign = signs.contains(characters[start])
        var end = start
        while end < characters.count, !characters[end].isWhitespace, !"()'\"".contains(characters[end]),
            signs.contains(characters[end]) == isSign
        {
            end += 1
        }
        return end
    }
}
