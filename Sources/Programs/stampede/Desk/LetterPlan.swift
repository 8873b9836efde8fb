import Contracts

/// What a command would do, for `--plan`.
enum LetterPlan {
    static func print(_ letters: [DeskLetter], would action: String, isJSON: Bool) throws {
        let output = Output()
        if isJSON {
            let json = JSONValue.object([
                "action": .string(action), "letters": .array(letters.map { .object($0.members) }),
            ])
            output.line(try json.document())
        } else {
            let text = LetterText(now: Words.now(), width: output.width, style: output.style)
            if !letters.isEmpty { output.lines(text.lines(letters)) }
            let behind = letters.reduce(0) { $0 + $1.parkedBehind }
            output.line(
                "Would \(action) \(Words.counted(letters.count, "letter"))"
                    + (behind > 0 ? ", with \(Words.counted(behind, "event")) behind" : "") + "; nothing was done.")
        }
        output.flush()
    }
}
