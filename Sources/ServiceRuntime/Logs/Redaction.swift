/// Takes out of a text what must stand in no log and no span: mail addresses and card tokens.
///
/// *Why here, when nobody logs them*: errors quote what they were about, and what they are about comes from outside. *If
/// broken*: a customer's address lies in a log file that a dozen people can read, and in its backups.
package enum Redaction {
    private static let token = "tok_"
    /// What a word of a text ends at; what an address or a token may hold is not among it.
    private static let ends = Set(" \t\r\n\"'`<>()[]{}|,;:=\\/&?")

    package static func of(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "@")) || text.contains(token) || text.contains("%40") else { return text }
        var result = ""
        var word = ""
        for character in text {
            if ends.contains(character) {
                result += replacement(of: word)
                result.append(character)
                word = ""
            } else {
                word.append(character)
            }
        }
        return result + replacement(of: word)
    }

    private static func replacement(of word: String) -> String {
        if word.contains("@") || word.contains("%40") { return "[mail address]" }
        return word.contains(token) ? "[card token]" : word
    }
}
