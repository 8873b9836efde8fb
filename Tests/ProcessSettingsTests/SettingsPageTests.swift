import CommandLineKit
import Foundation
import Testing

@testable import ProcessSettings

@Suite("The table of settings", .timeLimit(.minutes(5)))
struct SettingsPageTests {
    @Test("docs/reference/configuration.md says what the table says")
    func page() throws {
        let page = root.appendingPathComponent("docs/reference/configuration.md")
        if ProcessInfo.processInfo.environment["STAMPEDE_WRITE_DOCS"] != nil {
            try SettingsPage.text.write(to: page, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: page, encoding: .utf8)
        #expect(
            written == SettingsPage.text, "make it anew: STAMPEDE_WRITE_DOCS=yes Scripts/test --filter SettingsPage")
    }

    @Test("names and variables are unique, defaults are allowed, users are named")
    func rows() {
        let rows = Settings.definitions
        #expect(rows.count > 30)
        #expect(Set(rows.map(\.name)).count == rows.count)
        #expect(Set(rows.map(\.variable)).union(OtherVariables.names).count == rows.count + OtherVariables.all.count)
        for row in rows {
            #expect(row.kind.allows(row.fallback), "\(row.name)")
            #expect(!row.users.isEmpty && !row.meaning.isEmpty && !row.meaning.contains("|"), "\(row.name)")
            #expect(row.name.wholeMatch(of: /[a-z]+(\.[a-z]+(-[a-z]+)*)?/) != nil, "\(row.name)")
        }
        #expect(mistakes().isEmpty)
    }

    @Test("--print-config shows every setting once, with its value and its place")
    func printed() throws {
        let settings = try read(arguments: ["log.level=debug"], environment: ["STAMPEDE_STOP_SECONDS": "3"])
        let lines = PrintedSettings(settings).table.split(separator: "\n").map {
            $0.split(separator: " ").map(String.init)
        }
        #expect(lines.dropFirst().map(\.[0]) == Settings.definitions.map(\.name))
        #expect(lines.contains(["log.level", "debug", "--set", "log.level"]))
        #expect(lines.contains(["stop.seconds", "3", "STAMPEDE_STOP_SECONDS"]))
        #expect(lines.contains(["trace.collector", "-", "default"]))
        let objects =
            try JSONSerialization.jsonObject(with: Data(PrintedSettings(settings).json().utf8)) as? [[String: String]]
        #expect(objects?.count == Settings.definitions.count)
        #expect(
            objects?.first { $0["key"] == "stop.seconds" } == [
                "key": "stop.seconds", "value": "3", "source": "environment", "place": "STAMPEDE_STOP_SECONDS",
                "variable": "STAMPEDE_STOP_SECONDS",
            ])
    }

    /// A script that reads a variable nobody knows would make every service refuse to start.
    @Test("every variable that scripts, tests and pages name is a setting or a known other")
    func variables() throws {
        let known = OtherVariables.names.union(Settings.definitions.map(\.variable))
        var seen: Set<String> = []
        for folder in [
            "Scripts", "Tests", "Sources", "docs", ".ci", "Package.swift", "README.md", "Dockerfile",
            "docker-compose.yml",
        ] {
            for (path, text) in try files(folder) where !path.contains("ProcessSettingsTests") {
                // Not the beginning of a family, such as STAMPEDE_FAULT_…, and not a name that is put together.
                for match in text.matches(of: /STAMPEDE_[A-Z]+(?:_[A-Z]+)*(?![A-Z_…{]|\\\()/) {
                    let name = String(match.output)
                    seen.insert(name)
                    #expect(known.contains(name), "\(path) names \(name): add it to Settings or to OtherVariables")
                }
            }
        }
        #expect(seen.count > 40)
        let unused = OtherVariables.names.subtracting(seen)
        #expect(unused.isEmpty, "nobody reads \(unused.sorted()) any more")
    }

    private func files(_ folder: String) throws -> [(path: String, text: String)] {
        let base = root.appendingPathComponent(folder)
        let below = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
        let paths = (below.isEmpty ? [folder] : below.map { folder + "/" + $0 }).filter {
            // The list itself names all.
            !$0.contains("OtherVariables.swift") && !$0.contains("reference/configuration.md")
        }
        return paths.compactMap { path in
            // What is no text names no variable; a folder is none.
            (try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)).map { (path, $0) }
        }
    }
}

@Suite("Which setting somebody may have meant", .timeLimit(.minutes(5)))
struct NearMissTests {
    @Test("the nearest name, where one is near")
    func nearest() {
        let known = Settings.definitions.map(\.name)
        for (typed, meant) in [
            ("checkout.prot", "checkout.port"), ("checkout.max_lines", "checkout.max-lines"), ("isten", "listen"),
            ("gateway.timeout-miliseconds", "gateway.timeout-milliseconds"), ("log.levle", "log.level"),
        ] {
            #expect(NearMiss.of(typed, among: known) == meant)
        }
        #expect(NearMiss.of("weather.forecast", among: known) == nil)
    }
}
