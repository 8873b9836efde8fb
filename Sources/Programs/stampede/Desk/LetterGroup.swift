import Contracts

/// Dead letters that most likely died of one cause: the same service, error signature and event type.
struct LetterGroup {
    struct Key: Hashable, Sendable {
        let service: ServiceName
        let signature: String
        let type: String

        /// Eight hex digits, the same on every machine and run: FNV-1a in 32 bits
        /// (datatracker.ietf.org/doc/draft-eastlake-fnv) of service, signature and type, each ended by a zero byte.
        var id: String {
            var hash: UInt32 = 0x811c_9dc5
            for part in [service.rawValue, signature, type] {
                for byte in Array(part.utf8) + [0] { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
            }
            let digits = String(hash, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }
    }

    let key: Key
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
