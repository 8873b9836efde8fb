import Contracts

/// The letters of one group.
struct LetterGroup {
    let key: DeadLetterGroup
    /// Those that died first, first.
    let letters: [DeskLetter]

    var first: Timestamp { letters[0].diedAt }
    var last: Timestamp { letters[letters.count - 1].diedAt }
    /// The one that died last: its bytes and its log lines are the easiest to find.
    var sample: DeskLetter { letters[letters.count - 1] }
    var errorKind: String { sample.errorKind }
    var parkedBehind: Int64 { letters.reduce(0) { $0 + $1.parkedBehind } }

    /// The largest groups first.
    static func groups(of letters: [DeskLetter]) -> [LetterGroup] {
        Dictionary(grouping: letters, by: \.group)
            .map { key, letters in
                LetterGroup(key: key, letters: letters.sorted { ($0.diedAt, $0.id) < ($1.diedAt, $1.id) })
            }
            .sorted { ($1.letters.count, $0.first, $0.key.id) < ($0.letters.count, $1.first, $1.key.id) }
    }

    var json: JSONValue {
        .object([
            "group": .string(key.id), "service": .string(key.service.rawValue), "type": .string(key.type),
            "errorKind": .string(errorKind), "signature": .string(key.signature), "count": JSONValue(letters.count),
            "first": JSONValue(first), "last": JSONValue(last), "sample": .string(sample.id.description),
            "parkedBehind": .integer(parkedBehind),
        ])
    }
}
