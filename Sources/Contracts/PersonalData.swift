/// The members of events' data that name somebody's address or card: only those read them who act on them.
package enum PersonalData: String, CaseIterable, Sendable {
    case email
    case cardToken

    /// The same bytes, as many of them, with `*` for each byte of these members' texts.
    ///
    /// Looks at the bytes and not at their shape: an event that cannot be read hides what it holds as well.
    package static func masked(_ bytes: [UInt8], _ members: [PersonalData] = allCases) -> [UInt8] {
        var result = bytes
        for member in members {
            let name = Array("\"\(member.rawValue)\"".utf8)
            var from = 0
            while let place = position(of: name, in: result, from: from) {
                from = place + name.count
                mask(&result, after: from)
            }
        }
        return result
    }

    /// Masks the JSON string that follows `:`; anything else stays.
    private static func mask(_ bytes: inout [UInt8], after end: Int) {
        var index = skipBlanks(bytes, end)
        guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { return }
        index = skipBlanks(bytes, index + 1)
        guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { return }
        index += 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            let isEscaped = bytes[index] == UInt8(ascii: "\\") && index + 1 < bytes.count
            bytes[index] = UInt8(ascii: "*")
            if isEscaped { bytes[index + 1] = UInt8(ascii: "*") }
            index += isEscaped ? 2 : 1
        }
    }

    private static func skipBlanks(_ bytes: [UInt8], _ start: Int) -> Int {
        bytes[start...].firstIndex { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } ?? bytes.count
    }

    private static func position(of text: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count - start >= text.count else { return nil }
        search: for place in start...(bytes.count - text.count) {
            for offset in 0..<text.count where bytes[place + offset] != text[offset] { continue search }
            return place
        }
        return nil
    }

    /// The same JSON with `*` for these members' texts, at any depth.
    package static func masked(_ json: JSONValue) -> JSONValue {
        switch json {
        case .object(let members):
            .object(
                members.reduce(into: [:]) { result, member in
                    result[member.key] =
                        if PersonalData(rawValue: member.key) != nil, let text = member.value.text {
                            .string(String(repeating: "*", count: text.utf8.count))
                        } else {
                            masked(member.value)
                        }
                })
        case .array(let values): .array(values.map { masked($0) })
        default: json
        }
    }
}
