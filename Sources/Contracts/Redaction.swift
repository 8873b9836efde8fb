/// Takes out of a text what must stand in no log, no span and no error that is kept: mail addresses, card tokens, and what
/// somebody presented to be let in.
///
/// *Why here, when nobody logs them*: errors quote what they were about, and what they are about comes from outside. *If
/// broken*: a customer's address lies in a log file that a dozen people can read, and in its backups.
package enum Redaction {
    private static let token = "tok_"
    /// Words after which comes what has no shape of its own.
    private static let namesOfSecrets: Set = ["cardToken", "payment_method", "Bearer", "bearer"]
    /// What a word of a text ends at; what an address or a token may hold is not among it.
    private static let ends = Set(" \t\r\n\"'`<>()[]{}|,;:=\\/&?")

    package static func of(_ text: String) -> String {
        guard mayHoldSecrets(text) else { return text }
        #if MUTANTS
            if Mutant.nothingRedacted.isOn { return text }
        #endif
        var result = ""
        var word = ""
        var before = ""
        for character in text {
            if ends.contains(character) {
                result += replacement(of: word, after: before)
                result.append(character)
                if !word.isEmpty { before = word }
                word = ""
            } else {
                word.append(character)
            }
        }
        return result + replacement(of: word, after: before)
    }

    private static func mayHoldSecrets(_ text: String) -> Bool {
        text.utf8.contains(UInt8(ascii: "@")) || text.contains(token) || text.contains("%40")
            || namesOfSecrets.contains { text.contains($0) }
    }

    private static func replacement(of word: String, after before: String) -> String {
        if word.isEmpty { return word }
        if word.contains("@") || word.contains("%40") { return "[mail address]" }
        if word.contains(token) { return "[card token]" }
        return namesOfSecrets.contains(before) ? "[secret]" : word
    }
}
