package import Foundation

/// Checks that bytes are one JSON text, in one pass, before a decoder that takes more than JSON reads them.
///
/// *Guarantee*: bytes that pass are UTF-8 without a byte order mark and one value of RFC 8259's grammar; no object names a
/// member twice, however it is escaped; no string holds half a surrogate pair; numbers that would be decoded as integers that
/// they are not are known; nesting and the count of values are within their limits. *Why*: Foundation's decoder takes trailing commas,
/// UTF-16, one of two members of a name, and 0.99999999999999999999 for 1. *If broken*: two readers of one request read two
/// requests.
package struct StrictJSON {
    /// Why bytes are refused, and where.
    package enum Fault: Error, Equatable {
        /// Not JSON, or JSON that could be read in two ways.
        case malformed(reason: String, byte: Int)
        case tooManyValues(limit: Int)
    }

    /// Arrays and objects within each other.
    package static let maximumDepth = 64

    /// - Returns: the numbers that would be rounded.
    /// - Throws: `Fault`.
    @discardableResult
    package static func check(
        _ bytes: some ContiguousBytes, maximumValues: Int = .max
    ) throws(Fault) -> RoundedNumbers {
        let result = bytes.withUnsafeBytes { bytes -> Result<RoundedNumbers, Fault> in
            var scan = Self(bytes: bytes, maximumValues: maximumValues)
            do throws(Fault) {
                try scan.text()
                return .success(scan.rounded)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    // MARK: - State

    /// An array or an object that is open.
    private struct Level {
        let isObject: Bool
        /// Of the element, or of the member in `names`.
        var index = 0
        /// Where its members begin in `names`.
        let firstName: Int
    }

    /// A member's name: the hash of its characters, and its bytes between the quotation marks.
    private struct Name {
        let hash: UInt64
        let range: Range<Int>
        let hasEscapes: Bool
    }

    private let bytes: UnsafeRawBufferPointer
    private let maximumValues: Int
    private var position = 0
    private var values = 0
    private var levels: [Level] = []
    private var names: [Name] = []
    private var rounded = RoundedNumbers()

    private init(bytes: UnsafeRawBufferPointer, maximumValues: Int) {
        self.bytes = bytes
        self.maximumValues = maximumValues
    }

    /// The byte that comes next; 0, which no JSON text holds outside of nothing, at the end.
    private var next: UInt8 { position < bytes.count ? bytes[position] : 0 }

    private func malformed(_ reason: String, at byte: Int? = nil) -> Fault {
        .malformed(reason: reason, byte: byte ?? position)
    }

    // MARK: - Grammar

    private mutating func text() throws(Fault) {
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
            throw malformed("a byte order mark")
        }
        skipBlanks()
        repeat {
            try value()
            skipBlanks()
            // After a value: the ends of what it completes, then what separates it from the next one.
            while let level = levels.last, next == (level.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                try close(level)
            }
            guard let level = levels.last else { break }
            guard next == UInt8(ascii: ",") else {
                throw position < bytes.count
                    ? malformed("neither a comma nor the end of \(level.isObject ? "an object" : "a list")")
                    : malformed("the text ends early")
            }
            position += 1
            skipBlanks()
            levels[levels.count - 1].index += 1
            if level.isObject { try name() }
        } while true
        guard position == bytes.count else { throw malformed("something follows the value") }
    }

    /// A value; of an array or object with members, the beginning up to the first of them that is neither.
    private mutating func value() throws(Fault) {
        while true {
            values += 1
            if values > maximumValues { throw .tooManyValues(limit: maximumValues) }
            switch next {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                let isObject = next == UInt8(ascii: "{")
                guard levels.count < Self.maximumDepth else {
                    throw malformed("nested deeper than \(Self.maximumDepth)")
                }
                levels.append(Level(isObject: isObject, firstName: names.count))
                position += 1
                skipBlanks()
                if next == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) { return }
                if isObject { try name() }
            case UInt8(ascii: "\""):
                _ = try string(hashing: false)
                return
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
            case UInt8(ascii: "t"): return try word("true")
            case UInt8(ascii: "f"): return try word("false")
            case UInt8(ascii: "n"): return try word("null")
            default: throw malformed(position < bytes.count ? "no value" : "the text ends early")
            }
        }
    }

    private mutating func close(_ level: Level) throws(Fault) {
        if level.isObject { try requireDistinctNames(from: level.firstName) }
        names.removeSubrange(level.firstName...)
        levels.removeLast()
        position += 1
        skipBlanks()
    }

    private mutating func name() throws(Fault) {
        guard next == UInt8(ascii: "\"") else { throw malformed("no member's name in quotation marks") }
        names.append(try string(hashing: true))
        skipBlanks()
        guard next == UInt8(ascii: ":") else { throw malformed("no colon after a member's name") }
        position += 1
        skipBlanks()
    }

    private mutating func word(_ word: StaticString) throws(Fault) {
        let count = word.utf8CodeUnitCount
        guard bytes.count - position >= count,
            (0..<count).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] })
        else { throw malformed("no value") }
        position += count
    }

    private mutating func skipBlanks() {
        var end = position
        while end < bytes.count, Self.isBlank(bytes[end]) { end += 1 }
        position = end
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    // MARK: - Strings

    private mutating func string(hashing: Bool) throws(Fault) -> Name {
        position += 1
        let first = position
        var hash = NameHash()
        var hasEscapes = false
        while true {
            // Most characters are ASCII and stand for themselves.
            var end = position
            while end < bytes.count, Self.isPlain(bytes[end]) {
                if hashing { hash.add(bytes[end]) }
                end += 1
            }
            position = end
            guard position < bytes.count else { throw malformed("the text ends in a string") }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                defer { position += 1 }
                return Name(hash: hash.value, range: first..<position, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                let scalar = try escape()
                if hashing { UTF8.encode(scalar)?.forEach { hash.add($0) } }
                continue
            case ..<0x20: throw malformed("a control character in a string")
            default:
                let length = try multibyteLength()
                if hashing {
                    for offset in 0..<length { hash.add(bytes[position + offset]) }
                }
                position += length
            }
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// The bytes of the character at `position`, by table 3-7 of the Unicode standard.
    private func multibyteLength() throws(Fault) -> Int {
        func byte(_ offset: Int) -> UInt8 { position + offset < bytes.count ? bytes[position + offset] : 0 }
        func continues(_ offsets: ClosedRange<Int>) -> Bool { offsets.allSatisfy { byte($0) & 0xC0 == 0x80 } }
        let second = byte(1)
        switch bytes[position] {
        case 0xC2...0xDF where continues(1...1): return 2
        case 0xE0 where (0xA0...0xBF).contains(second) && continues(2...2): return 3
        case 0xED where (0x80...0x9F).contains(second) && continues(2...2): return 3
        case 0xE1...0xEC where continues(1...2), 0xEE...0xEF where continues(1...2): return 3
        case 0xF0 where (0x90...0xBF).contains(second) && continues(2...3): return 4
        case 0xF1...0xF3 where continues(1...3): return 4
        case 0xF4 where (0x80...0x8F).contains(second) && continues(2...3): return 4
        default: throw malformed("a string that is not UTF-8")
        }
    }

    /// The character that an escape stands for; goes past it.
    private mutating func escape() throws(Fault) -> Unicode.Scalar {
        let start = position
        position += 1
        let letter = next
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = try hexDigits(start)
            guard (0xD800...0xDFFF).contains(unit) else { return Unicode.Scalar(unit) ?? "\u{FFFD}" }
            guard unit < 0xDC00, next == UInt8(ascii: "\\"), position + 1 < bytes.count,
                bytes[position + 1] == UInt8(ascii: "u")
            else { throw malformed("half a surrogate pair", at: start) }
            position += 2
            let low = try hexDigits(start)
            guard (0xDC00...0xDFFF).contains(low),
                let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
            else { throw malformed("half a surrogate pair", at: start) }
            return scalar
        default: throw malformed("an escape that JSON does not have", at: start)
        }
    }

    private mutating func hexDigits(_ start: Int) throws(Fault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt32
            switch next {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt32(next) - 0x30
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = UInt32(next) - 0x57
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = UInt32(next) - 0x37
            default: throw malformed("an escape that JSON does not have", at: start)
            }
            value = value << 4 | digit
            position += 1
        }
        return value
    }

    // MARK: - Names

    /// Few are compared each with each; many are sorted first, so that an object of a million names takes no hour.
    private mutating func requireDistinctNames(from first: Int) throws(Fault) {
        guard names.count - first > 1 else { return }
        if names.count - first <= 16 {
            for later in (first + 1)..<names.count {
                for earlier in first..<later where names[earlier].hash == names[later].hash {
                    try requireDistinct(names[earlier], names[later])
                }
            }
            return
        }
        names[first...].sort { $0.hash < $1.hash }
        var start = first
        for end in (first + 1)..<names.count {
            if names[end].hash != names[start].hash { start = end }
            // Of one hash there is one name, unless somebody made more on purpose: as many as that are not sorted out.
            guard end - start <= 16 else { throw malformed("too many members' names of one hash") }
            for earlier in start..<end { try requireDistinct(names[earlier], names[end]) }
        }
    }

    private func requireDistinct(_ one: Name, _ other: Name) throws(Fault) {
        let same =
            one.hasEscapes || other.hasEscapes
            ? characters(of: one).elementsEqual(characters(of: other))
            : bytes[one.range].elementsEqual(bytes[other.range])
        if same {
            throw malformed(
                "an object that names a member twice", at: max(one.range.lowerBound, other.range.lowerBound))
        }
    }

    /// The bytes of a name that has passed, with its escapes resolved.
    private func characters(of name: Name) -> [UInt8] {
        var scan = Self(bytes: bytes, maximumValues: maximumValues)
        scan.position = name.range.lowerBound
        var characters: [UInt8] = []
        while scan.position < name.range.upperBound {
            if scan.next == UInt8(ascii: "\\"), let scalar = try? scan.escape() {
                characters += UTF8.encode(scalar).map(Array.init) ?? []
            } else {
                characters.append(scan.next)
                scan.position += 1
            }
        }
        return characters
    }

    // MARK: - Numbers

    private mutating func number() throws(Fault) {
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        let whole = position
        try digits()
        if bytes[whole] == UInt8(ascii: "0"), position > whole + 1 { throw malformed("a leading zero", at: whole) }
        var isPlain = true
        if next == UInt8(ascii: ".") {
            isPlain = false
            position += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isPlain = false
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        if !isPlain, DecimalText(bytes[start..<position]).isRoundedToInteger { rounded.insert(place) }
    }

    private mutating func digits() throws(Fault) {
        let first = position
        var end = position
        while end < bytes.count, bytes[end] >= UInt8(ascii: "0"), bytes[end] <= UInt8(ascii: "9") { end += 1 }
        position = end
        if position == first { throw malformed("no digit where a number needs one") }
    }

    /// Where the scan is.
    private var place: PathHash {
        levels.reduce(into: PathHash()) { place, level in
            if level.isObject {
                place.add(member: names[level.firstName + level.index].hash)
            } else {
                place.add(element: level.index)
            }
        }
    }
}
