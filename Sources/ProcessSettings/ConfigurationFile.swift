import Foundation

/// A file of settings: a JSON object, whose objects are the groups.
///
/// `{"checkout": {"port": 8080, "max-lines": 10}, "log.level": "debug"}`: a name may stand in groups or with its dots.
/// Read here, not by swift-configuration's own provider: that one knows no lines, so no mistake could be pointed at, and
/// takes `true` for 1.
struct ConfigurationFile {
    struct Entry {
        let name: String
        /// As the environment would have it.
        let text: String
        /// As it stands in the file.
        let written: String
        let isNumber: Bool
        let isText: Bool
        let line: Int

        /// Whether it is a number where one is wanted, and a text where not.
        func fits(_ kind: SettingKind) -> Bool { kind.isNumeric ? isNumber : isText }
    }

    private static let maximumBytes = 1 << 20
    private static let maximumDepth = 8

    private let path: String
    private let bytes: [UInt8]
    private var place = 0
    private var line = 1
    private var entries: [Entry] = []

    /// Every value, in the order of the file.
    ///
    /// - Throws: a problem that names the file, and the line at which it cannot be read on.
    static func read(_ path: String) throws(SettingsProblem) -> [Entry] {
        var isDirectory = ObjCBool(false)
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue else {
            throw SettingsProblem(
                setting: nil, place: path, text: "there is no such file; --config and STAMPEDE_CONFIG name one of JSON")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw SettingsProblem(setting: nil, place: path, text: "the file cannot be read; check its permissions")
        }
        guard data.count <= maximumBytes else {
            throw SettingsProblem(setting: nil, place: path, text: "the file is larger than \(maximumBytes) bytes")
        }
        var file = ConfigurationFile(path: path, bytes: [UInt8](data))
        try file.object(group: [])
        file.skipBlanks()
        guard file.next == nil else { throw file.problem("the end of the file") }
        return file.entries
    }

    private init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    // MARK: - JSON

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private func problem(_ expected: String) -> SettingsProblem {
        let found = next.map { "'\(Character(UnicodeScalar($0)))'" } ?? "the end of the file"
        return SettingsProblem(
            setting: nil, place: "\(path):\(line)",
            text: "this is no JSON object of settings: \(expected) is wanted, \(found) stands here")
    }

    private mutating func skipBlanks() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) {
            if byte == 0x0A { line += 1 }
            place += 1
        }
    }

    /// Past a character that must come now.
    private mutating func pass(_ character: Character) throws(SettingsProblem) {
        skipBlanks()
        guard next == character.asciiValue else { throw problem("'\(character)'") }
        place += 1
    }

    private mutating func object(group: [String]) throws(SettingsProblem) {
        try pass("{")
        skipBlanks()
        guard group.count < Self.maximumDepth else { throw problem("a value, not a deeper group,") }
        if next == UInt8(ascii: "}") { return place += 1 }
        while true {
            skipBlanks()
            let name = group + [try string()]
            try pass(":")
            skipBlanks()
            if next == UInt8(ascii: "{") { try object(group: name) } else { try value(of: name.joined(separator: ".")) }
            skipBlanks()
            guard next == UInt8(ascii: ",") else { break }
            place += 1
        }
        try pass("}")
    }

    private mutating func value(of name: String) throws(SettingsProblem) {
        let begin = place
        let line = line
        let isText = next == UInt8(ascii: "\"")
        var text = ""
        if isText {
            text = try string()
        } else if next == UInt8(ascii: "[") {
            // A list is never right: what stands in it does not matter, where it ends does.
            try list()
        } else {
            while let byte = next, ![0x20, 0x09, 0x0A, 0x0D].contains(byte), !",}]".utf8.contains(byte) { place += 1 }
        }
        let written = String(decoding: bytes[begin..<place], as: UTF8.self)
        let number = isText ? nil : try? JSONDecoder().decode(Double.self, from: Data(bytes[begin..<place]))
        guard isText || number != nil || ["true", "false", "null"].contains(written) || written.hasPrefix("[") else {
            place = begin
            throw problem("a value")
        }
        entries.append(
            Entry(
                name: name, text: isText ? text : written, written: written, isNumber: number != nil, isText: isText,
                line: line))
    }

    private mutating func list() throws(SettingsProblem) {
        try pass("[")
        skipBlanks()
        while let byte = next, byte != UInt8(ascii: "]") {
            if byte == UInt8(ascii: "\"") { _ = try string() } else { place += 1 }
            skipBlanks()
        }
        try pass("]")
    }

    private mutating func string() throws(SettingsProblem) -> String {
        let begin = place
        try pass("\"")
        while let byte = next, byte != UInt8(ascii: "\""), byte != 0x0A {
            place += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        guard next == UInt8(ascii: "\"") else { throw problem("the end of a text") }
        place += 1
        guard let text = try? JSONDecoder().decode(String.self, from: Data(bytes[begin..<place])) else {
            place = begin
            throw problem("a text without mistakes")
        }
        return text
    }
}
