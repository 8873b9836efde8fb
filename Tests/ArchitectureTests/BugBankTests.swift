import Foundation
import Testing

/// What `Scripts/lib/mutants` makes wrong, and what `docs/reference/bug-bank.md` says of it.
@Suite("The bug bank is one")
struct BugBankTests {
    private let code: [String]
    private let bank: [(name: String, catcher: String)]
    private let page: [String]

    init() throws {
        code = try Self.lines(of: "Sources/Contracts/Mutant.swift").compactMap {
            $0.firstMatch(of: /^ +case (\w+)$/).map { String($0.1) }
        }
        bank = try Self.lines(of: "Tests/mutants.tsv").map { line in
            let columns = line.split(separator: "\t").map(String.init)
            try #require(columns.count == 3, "'\(line)' is not name, what must catch it, what is wrong")
            return (columns[0], columns[1])
        }
        page = try Self.lines(of: "docs/reference/bug-bank.md").compactMap {
            $0.firstMatch(of: /^\| `(\w+)` \|/).map { String($0.1) }
        }
    }

    private static func lines(of path: String) throws -> [String] {
        try String(contentsOf: SourceFile.root.appendingPathComponent(path), encoding: .utf8)
            .split(separator: "\n").map(String.init)
    }

    @Test("code, list and page name the same mistakes, at least twenty-five")
    func names() {
        #expect(code.count >= 25)
        #expect(Set(code).count == code.count)
        #expect(bank.map(\.name) == code, "Tests/mutants.tsv and Sources/Contracts/Mutant.swift differ")
        #expect(page == code, "docs/reference/bug-bank.md is old: Scripts/lib/mutants --write")
    }

    @Test("each mistake is made somewhere, and only where the bug bank is built")
    func hooks() throws {
        var made: Set<String> = []
        for file in try SourceFile.all(below: "Sources") {
            var isInBank = false
            for (index, line) in file.lines.enumerated() {
                let text = line.trimmingCharacters(in: .whitespaces)
                if text == "#if MUTANTS" { isInBank = true }
                if text == "#else" || text == "#endif" { isInBank = false }
                let names = text.matches(of: /Mutant\.(\w+)\.isOn/).map { String($0.1) }
                #expect(names.isEmpty || isInBank, "\(file.path):\(index + 1) is in every build")
                made.formUnion(names)
            }
        }
        #expect(made == Set(code))
    }

    @Test("what must catch a mistake is a test that there is, or the simulation")
    func catchers() throws {
        for (name, catcher) in bank where catcher.wholeMatch(of: /simulate 1\.\.\d+( --.+)?/) == nil {
            let parts = try #require(catcher.wholeMatch(of: /(\w+)\.(\w+)\/(\w+)/), "\(name): what is '\(catcher)'?")
            let isThere = try SourceFile.all(below: "Tests/\(parts.1)").contains { file in
                file.lines.contains("struct \(parts.2) {") && file.lines.contains { $0.contains("func \(parts.3)(") }
            }
            #expect(isThere, "\(name): no \(catcher)")
        }
    }
}
