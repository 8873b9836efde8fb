/// What the errors of one group share: the text without what differs from event to event.
///
/// `the order asks for 0 pieces of 'P-7'` and `the order asks for -1 pieces of 'P-9'` are one: `the order asks for # pieces
/// of '…'`. Bytes that cannot be read, or of a version not known, differ in ways that tell the operator nothing, so their
/// kind alone is their signature.
package enum ErrorSignature {
    private static let kindsAlone: Set = ["undecodable", "unknown-version", "too-large", "trap"]
    /// Longest signature, in characters.
    private static let maximumCharacters = 200

    package static func of(kind: String, error: String) -> String {
        kindsAlone.contains(kind) ? kind : "\(kind): \(normalized(error))"
    }

    private static func normalized(_ error: String) -> String {
        var words: [String] = []
        for word in withoutQuotes(error).split(whereSeparator: \.isWhitespace) {
            words.append(isIdentifier(word) ? "…" : withoutNumbers(word))
        }
        return String(words.joined(separator: " ").prefix(maximumCharacters))
    }

    /// What stands between two single quotes becomes an ellipsis.
    private static func withoutQuotes(_ text: String) -> String {
        let parts = text.split(separator: "'", omittingEmptySubsequences: false)
        // An apostrophe without a partner quotes nothing.
        guard parts.count % 2 == 1 else { return text }
        return parts.enumerated().map { $0.offset % 2 == 1 ? "…" : $0.element }.joined(separator: "'")
    }

    /// A UUID, perhaps with punctuation around it.
    private static func isIdentifier(_ word: Substring) -> Bool {
        word.count >= 32 && word.filter { $0.isHexDigit || $0 == "-" }.count >= 32
    }

    private static func withoutNumbers(_ word: Substring) -> String {
        var text = ""
        var isInNumber = false
        for character in word {
            let isDigit = character.isASCII && character.isNumber
            if isDigit, !isInNumber {
                if text.last == "-" { text.removeLast() }
                text.append("#")
            }
            if !isDigit { text.append(character) }
            isInNumber = isDigit
        }
        return text
    }
}
