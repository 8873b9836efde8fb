/// JSON texts and texts that are almost JSON, for every door that reads a body.
///
/// What is valid is valid also as a member's value of a larger text, and what is not is not.
package enum JSONCases {
    package struct Case: Sendable, CustomStringConvertible {
        package let name: String
        package let bytes: [UInt8]
        package let isValid: Bool

        package var description: String { name }
    }

    package static let all: [Case] =
        (valid + rounded).map { Case(name: "valid: \($0.prefix(40))", bytes: Array($0.utf8), isValid: true) }
        + invalid.map { Case(name: "invalid: \($0.prefix(40))", bytes: Array($0.utf8), isValid: false) }
        + notUTF8.map { Case(name: "not UTF-8: \($0)", bytes: [0x22] + $0 + [0x22], isValid: false) }

    private static let valid: [String] = [
        "null", "true", "false", "0", "-0", "1", "-1", "10", "123456789", "9223372036854775807", "-9223372036854775808",
        "0.5", "-0.5", "0.0", "1.25", "1e3", "1E3", "1e+3", "1e-3", "0e0", "-0.0e-0", "1.5e300", "123.456e-7", "1.0",
        "4.35", "0.1", "0.30000000000000004", "2.2250738585072014e-308", "1e22", "1000000000000000000e0",
        #""""#, #""a""#, #""é""#, #""\u00e9""#, #""\u00E9""#, #""😀""#, #""\ud83d\ude00""#, #""\uD83D\uDE00""#,
        #""\u0000""#, #""\u001f""#, #""\uFFFF""#, #""\"""#, #""\\""#, #""\/""#, #""\b\f\n\r\t""#, #""\u2028""#,
        "\"\u{7F}\"", "\"\u{2028}\u{2029}\"", "\"\u{FFFD}\"", "\"\u{10FFFF}\"", "\"\u{FEFF}\"", "\"//\"", "\"[1,]\"",
        "[]", "[ ]", "[\t\n\r ]", "[1]", "[1,2]", "[1 , 2]", "[[]]", "[[],[[]]]", "[null,true,false]", #"["a","a"]"#,
        "{}", "{ }", #"{"a":1}"#, #"{ "a" : 1 }"#, #"{"a":1,"b":2}"#, #"{"a":{"a":{"a":1}}}"#, #"{"":0}"#,
        #"{"a":[{"a":1},{"a":2}]}"#, #"{"A":1,"a":2}"#, "{\"\u{E9}\":1,\"e\u{301}\":2}", #"{"\u0061b":1,"a":2}"#,
        #"{"a\u0000":1,"a":2}"#,
        String(repeating: "[", count: 60) + String(repeating: "]", count: 60),
        "{" + (0..<40).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}",
    ]

    private static let invalid: [String] = [
        // Literals and numbers.
        "", " ", "nul", "nulll", "NULL", "True", "tru", "fals", "undefined", "NaN", "Infinity", "-Infinity", "inf",
        "+1",
        "-", "--1", "01", "-01", "00", "1.", ".5", "-.5", "1.e1", "1e", "1e+", "1E-", "1e1.5", "0x10", "0b1", "1_000",
        "1,000",
        "１", "1 2", "- 1", "1a", "0e", "1.2.3", "2.e3", "٣", "1f", "1L",
        // Strings.
        #"""#, #""a"#, "a", "'a'", "`a`", #""\x41""#, #""\a""#, #""\'""#, #""\0""#, #""\u""#, #""\u12""#, #""\u12G4""#,
        #""\U0041""#, #""\"#, #""\ud800""#, #""\uD83D""#, #""\ude00""#, #""\ud83d\ud83d""#, #""\ud83d\n""#,
        #""\ud83dx""#,
        #""\ude00\ud83d""#, #""\ud83d\u0041""#, "\"a\nb\"", "\"a\rb\"", "\"a\tb\"", "\"\u{0}\"", "\"\u{1F}\"",
        #""a" "b""#,
        #""\u{41}""#, #""\ 1""#, "\"\\\n\"",
        // Lists.
        "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1;2]", "[1]]", "[[1]", "[1}", "[\"a\"",
        "[a]", "(1)",
        "[1,\n]", "[-]", "[\u{B}1]", "[\u{C}]", "[\u{A0}1]", "[1\u{FEFF}]", "[null,nul]",
        // Objects.
        "{", "}", "{]", "{1:2}", "{a:1}", "{'a':1}", #"{"a"}"#, #"{"a":}"#, #"{"a":1"#, #"{"a":1,}"#, #"{,"a":1}"#,
        #"{"a":1,,"b":2}"#,
        #"{"a" 1}"#, #"{"a"=1}"#, #"{"a":1;"b":2}"#, #"{"a":1 "b":2}"#, #"{"a"::1}"#, #"{"a":1}}"#, #"{null:1}"#,
        #"{"a":1,"b"}"#,
        #"{"a":"b}"#, #"{"a":[}"#, #"{"a":[1}"#, #"{[1]:1}"#, "{\"a\":\u{0}1}",
        // Names twice.
        #"{"a":1,"a":1}"#, #"{"a":1,"b":2,"a":3}"#, #"{"a":1,"\u0061":2}"#, #"{"é":1,"\u00e9":2}"#,
        #"{"😀":1,"\ud83d\ude00":2}"#,
        #"{"":0,"":1}"#, #"{"/":0,"\/":1}"#, #"{"x":{"a":1,"a":2}}"#, #"[{"a":1},{"b":1,"b":2}]"#,
        "{" + (0..<40).map { "\"k\($0 % 39)\":\($0)" }.joined(separator: ",") + "}",
        // Comments.
        "/* a */ 1", "1 // a", "[1, /* a */ 2]", "# a\n1", "{\"a\":1 /* b */}",
        // Too deep.
        String(repeating: "[", count: 100) + String(repeating: "]", count: 100),
        String(repeating: #"{"a":"#, count: 100) + "1" + String(repeating: "}", count: 100),
    ]

    /// JSON, but a decoder would round it to an integer.
    package static let rounded = [
        "0.99999999999999999999", "1.00000000000000000001", "-0.99999999999999999999", "9007199254740993.0", "1e-400",
        "9007199254740992.5", "123456789012345678.9", "9223372036854775807.0", "0.9999999999999999999e1",
        "6.714546246715382e+16",
    ]

    /// Within a string: by table 3-7 of the Unicode standard.
    private static let notUTF8: [[UInt8]] = [
        [0xFF], [0xFE], [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE9], [0xE0, 0x80, 0x80],
        [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xE2, 0x82], [0xE2, 0x82, 0x41],
        [0xF0, 0x80, 0x80, 0x80],
        [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80],
    ]

    /// Bodies that hold each text as one more member of a valid object, and the object in other encodings.
    package static func bodies(_ object: String) -> [Case] {
        all.map { text in
            Case(
                name: text.name, bytes: Array(object.utf8.dropLast()) + Array(#","extra":"#.utf8) + text.bytes + [0x7D],
                isValid: text.isValid)
        } + encodings(of: object)
    }

    /// Other bytes for a text of JSON that is valid: each door takes the first of them, and none of the others.
    package static func encodings(of text: String) -> [Case] {
        func utf16(_ order: (UInt16) -> [UInt8]) -> [UInt8] { text.utf16.flatMap(order) }
        func utf32(_ order: (UInt32) -> [UInt8]) -> [UInt8] { text.unicodeScalars.flatMap { order($0.value) } }
        let big16: (UInt16) -> [UInt8] = { [UInt8($0 >> 8), UInt8($0 & 255)] }
        let big32: (UInt32) -> [UInt8] = { value in [24, 16, 8, 0].map { UInt8(value >> $0 & 255) } }
        let utf8 = Array(text.utf8)
        return [
            Case(
                name: "UTF-8 among blanks", bytes: Array(" \t\r\n".utf8) + utf8 + Array(" \t\r\n".utf8), isValid: true),
            Case(name: "a byte order mark", bytes: [0xEF, 0xBB, 0xBF] + utf8, isValid: false),
            Case(name: "UTF-16BE", bytes: utf16(big16), isValid: false),
            Case(name: "UTF-16LE", bytes: utf16 { big16($0).reversed() }, isValid: false),
            Case(name: "UTF-16BE with its mark", bytes: [0xFE, 0xFF] + utf16(big16), isValid: false),
            Case(name: "UTF-16LE with its mark", bytes: [0xFF, 0xFE] + utf16 { big16($0).reversed() }, isValid: false),
            Case(name: "UTF-32BE", bytes: utf32(big32), isValid: false),
            Case(name: "UTF-32LE", bytes: utf32 { big32($0).reversed() }, isValid: false),
            Case(
                name: "UTF-32LE with its mark", bytes: [0xFF, 0xFE, 0, 0] + utf32 { big32($0).reversed() },
                isValid: false),
            Case(name: "a NUL behind", bytes: utf8 + [0], isValid: false),
            Case(name: "a form feed behind", bytes: utf8 + [0x0C], isValid: false),
            Case(name: "twice", bytes: utf8 + utf8, isValid: false),
            Case(name: "two lines", bytes: utf8 + [0x0A] + utf8, isValid: false),
            Case(name: "a record separator in front", bytes: [0x1E] + utf8, isValid: false),
            Case(name: "its last byte gone", bytes: utf8.dropLast(), isValid: false),
        ]
    }

    /// Header fields of a body, and whether it is read.
    package static let headers: [(field: String, isRead: Bool)] = [
        ("Content-Type: application/json", true), ("Content-Type: application/json; charset=utf-8", true),
        ("Content-Type: application/json;charset=\"UTF-8\"", true), ("Content-Type: application/json; version=1", true),
        ("Content-Type: application/json; charset=latin1", false),
        ("Content-Type: application/json; Charset=\"utf-16\"", false),
        ("Content-Type: application/json;charset=", false),
        ("Content-Type: application/json; charset=utf-8; charset=latin1", false),
        ("Content-Encoding: identity", true), ("Content-Encoding: Identity", true), ("Content-Encoding: gzip", false),
        ("Content-Encoding: x-gzip", false), ("Content-Encoding: deflate", false), ("Content-Encoding: br", false),
        ("Content-Encoding: identity, gzip", false), ("Content-Encoding: zstd", false),
        ("Content-Encoding: nonsense", false),
    ]
}
