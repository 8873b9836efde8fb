import Foundation

/// As much of YAML as docs/reference/openapi.yaml is written in: mappings and sequences in blocks or in one line, plain and
/// single-quoted scalars, texts over several lines.
indirect enum YAML: Equatable {
    case map([String: YAML])
    case list([YAML])
    case text(String)

    struct Malformed: Error {
        let line: Int
        let reason: String
    }

    static func parse(_ text: String) throws -> YAML {
        var lines = BlockLines(text)
        return try lines.block(indent: 0)
    }

    subscript(key: String) -> YAML? {
        if case .map(let members) = self { members[key] } else { nil }
    }

    var members: [String: YAML] { if case .map(let members) = self { members } else { [:] } }
    var items: [YAML] { if case .list(let items) = self { items } else { [] } }
    var text: String? { if case .text(let text) = self { text } else { nil } }

    /// What a `$ref` within the document names; itself where it is none.
    func resolved(in document: YAML) -> YAML {
        guard let place = self["$ref"]?.text, place.hasPrefix("#/") else { return self }
        let parts = place.dropFirst(2).split(separator: "/")
        return parts.reduce(document) { $0[String($1)] ?? .map([:]) }.resolved(in: document)
    }
}

private struct BlockLines {
    private var lines: [(number: Int, indent: Int, text: Substring)] = []
    private var next = 0

    init(_ text: String) {
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let content = line.drop { $0 == " " }
            if !content.isEmpty { lines.append((number + 1, line.count - content.count, content)) }
        }
    }

    mutating func block(indent: Int) throws -> YAML {
        guard next < lines.count else { return .text("") }
        return lines[next].text.hasPrefix("- ") ? try list(indent) : try map(indent)
    }

    private mutating func list(_ indent: Int) throws -> YAML {
        var items: [YAML] = []
        while next < lines.count, lines[next].indent == indent, lines[next].text.hasPrefix("- ") {
            items.append(try Flow.parse(lines[next].text.dropFirst(2), lines[next].number))
            next += 1
        }
        return .list(items)
    }

    private mutating func map(_ indent: Int) throws -> YAML {
        var members: [String: YAML] = [:]
        while next < lines.count, lines[next].indent == indent {
            let (number, _, text) = lines[next]
            var flow = Flow(text, number)
            let key = try flow.scalar(until: ":")
            guard flow.skip(":") else { throw YAML.Malformed(line: number, reason: "no ':' behind '\(key)'") }
            guard members[key] == nil else { throw YAML.Malformed(line: number, reason: "'\(key)' twice") }
            next += 1
            let rest = flow.rest
            if rest == "|" || rest == ">-" {
                members[key] = .text(prose(below: indent))
            } else if rest.isEmpty {
                let inner = next < lines.count ? lines[next].indent : 0
                members[key] = inner > indent ? try block(indent: inner) : .text("")
            } else {
                members[key] = try Flow.parse(rest, number)
            }
        }
        if next < lines.count, lines[next].indent > indent {
            throw YAML.Malformed(line: lines[next].number, reason: "indented too far")
        }
        return .map(members)
    }

    private mutating func prose(below indent: Int) -> String {
        var text: [Substring] = []
        while next < lines.count, lines[next].indent > indent {
            text.append(lines[next].text)
            next += 1
        }
        return text.joined(separator: " ")
    }
}

/// What stands in one line.
private struct Flow {
    private(set) var rest: Substring
    private let line: Int

    init(_ text: Substring, _ line: Int) {
        rest = text
        self.line = line
    }

    static func parse(_ text: Substring, _ line: Int) throws -> YAML {
        var flow = Flow(text, line)
        let value = try flow.value(until: "")
        guard flow.rest.isEmpty else { throw YAML.Malformed(line: line, reason: "'\(flow.rest)' is too much") }
        return value
    }

    mutating func skip(_ mark: Character) -> Bool {
        guard rest.first == mark else { return false }
        rest = rest.dropFirst().drop { $0 == " " }
        return true
    }

    private mutating func value(until ends: String) throws -> YAML {
        if skip("{") {
            var members: [String: YAML] = [:]
            while !skip("}") {
                let key = try scalar(until: ":")
                guard skip(":") else { throw YAML.Malformed(line: line, reason: "no ':' behind '\(key)'") }
                members[key] = try value(until: ",}")
                _ = skip(",")
            }
            return .map(members)
        }
        if skip("[") {
            var items: [YAML] = []
            while !skip("]") {
                items.append(try value(until: ",]"))
                _ = skip(",")
            }
            return .list(items)
        }
        return .text(try scalar(until: ends))
    }

    mutating func scalar(until ends: String) throws -> String {
        guard rest.first == "'" else {
            let text = rest.prefix { !ends.contains($0) }
            rest = rest.dropFirst(text.count)
            guard !text.isEmpty else { throw YAML.Malformed(line: line, reason: "nothing where a scalar should be") }
            return text.trimmingCharacters(in: .whitespaces)
        }
        var text = ""
        rest = rest.dropFirst()
        while let end = rest.firstIndex(of: "'") {
            text += rest[..<end]
            rest = rest[rest.index(after: end)...]
            guard rest.first == "'" else {
                rest = rest.drop { $0 == " " }
                return text
            }
            text += "'"
            rest = rest.dropFirst()
        }
        throw YAML.Malformed(line: line, reason: "a quote without its end")
    }
}
