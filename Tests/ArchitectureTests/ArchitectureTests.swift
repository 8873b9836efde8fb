import Foundation
import Testing

@Suite("The house keeps its order")
struct ArchitectureTests {
    @Test("every import points upwards")
    func imports() throws {
        let files = try SourceFile.all(below: "Sources")
        #expect(files.count > 100, "the sources were not found")
        for file in files {
            for (line, imported) in file.imports {
                let objection = ImportRules.objection(to: imported, in: file.module)
                #expect(objection == nil, "\(file.path):\(line): \(objection ?? "")")
            }
        }
    }

    @Test(
        "a forbidden import is seen",
        arguments: [
            ("OrderService", "PaymentService"), ("PaymentService", "ServiceRuntime"), ("OrderService", "Hummingbird"),
            ("Contracts", "GRDB"), ("EventLog", "Delivery"), ("Delivery", "FileEventLog"), ("Audit", "Delivery"),
            ("Audit", "OrderService"), ("ServiceRuntime", "OrderService"), ("Web", "flash-sale"),
            ("NotificationService", "NIOCore"), ("HTTPServing", "Contracts"), ("HTTPServing", "ServiceRuntime"),
            ("payment-gateway", "Contracts"), ("Simulation", "Audit"), ("Simulation", "ServiceRuntime"),
            ("simulate", "Web"), ("Simulation", "NIOCore"), ("Access", "Contracts"), ("OrderService", "Access"),
            ("Delivery", "ProcessIO"), ("Simulation", "ProcessIO"),
        ])
    func forbidden(module: String, imported: String) {
        // A program is no module to import; SwiftPM itself refuses it at link time.
        if imported == "flash-sale" { return }
        #expect(ImportRules.objection(to: imported, in: module) != nil)
    }

    @Test("simulate is made of nothing that serves HTTP or runs a real process")
    func simulateLinks() throws {
        let imports = Dictionary(grouping: try SourceFile.all(below: "Sources"), by: \.module)
            .mapValues { Set($0.flatMap { $0.imports.map(\.module) }) }
        var reached: Set<String> = []
        var next: Set<String> = ["simulate"]
        while let module = next.popFirst() {
            guard reached.insert(module).inserted else { continue }
            next.formUnion(imports[module] ?? [])
        }
        #expect(reached.isSuperset(of: ["Simulation", "PaymentService", "Delivery", "FileEventLog", "Audit"]))
        let unwanted = reached.filter {
            ["ServiceRuntime", "Web", "HTTPServing", "ServiceLifecycle"].contains($0)
                || $0.hasPrefix("Hummingbird") || $0.hasPrefix("NIO")
        }
        #expect(unwanted.isEmpty)
    }

    @Test("no test indexes a list whose length an expectation before it has only looked at")
    func traps() throws {
        let files = try SourceFile.all(below: "Tests")
        #expect(files.count > 100, "the tests were not found")
        for file in files where !file.path.hasPrefix("Tests/ArchitectureTests/") {
            let faults = TrapRules.faults(in: file.lines)
            #expect(faults.isEmpty, "\(file.path):\(faults): require the length first, or read the first element")
        }
    }

    @Test(
        "an index behind an expectation is seen, and one behind a requirement is none",
        arguments: [
            (["#expect(list.count == 2)", "#expect(list[1] == 3)"], [2]),
            (["#expect(list.map(\\.id) == [1])", "use(list[0])"], [2]),
            (["#expect(report.broken == [4])", "#expect(report[4].violations[0].order == a)"], [2]),
            (["try #require(list.count == 2)", "#expect(list[1] == 3)"], []),
            (["#expect(list.count == 2 && list[1] == 3)"], []),
            (["#expect(list.count < 3)", "if list.count == 2 {", "#expect(list[1] == 3)"], []),
            (["#expect(list.count == 2)", "@Test func next() {", "use(list[0])"], []),
            (["#expect(text == \"a[0]\")", "use(\"text[0]\")"], []),
        ] as [([String], [Int])])
    func trapRule(lines: [String], faults: [Int]) {
        #expect(TrapRules.faults(in: lines) == faults)
    }

    @Test(
        "an import line is read in every form",
        arguments: [
            "import GRDB", "package import GRDB", "@testable import GRDB", "import struct GRDB.Row",
            "@preconcurrency import GRDB",
        ])
    func forms(line: String) {
        #expect(SourceFile(module: "X", path: "x", lines: [line]).imports.map(\.module) == ["GRDB"])
    }

    @Test("the log and delivery know no event type but those of the dead-letter desk")
    func eventTypes() throws {
        let payloads = try SourceFile.all(below: "Sources/Contracts/V1").map {
            String($0.path.split(separator: "/").last!.dropLast(6))  // a path has a last part
        }
        #expect(payloads.count >= 16)
        for folder in ["Sources/EventLog", "Sources/FileEventLog", "Sources/Delivery"] {
            for file in try SourceFile.all(below: folder) {
                for (index, line) in file.lines.enumerated()
                where !line.trimmingCharacters(in: .whitespaces).hasPrefix("//") {
                    for payload in payloads where !payload.contains("DeadLetter") && line.contains("V1.\(payload)") {
                        Issue.record("\(file.path):\(index + 1) names V1.\(payload)")
                    }
                }
            }
        }
    }

    @Test("cores read no clock, draw no random number, sleep and spawn nothing by themselves")
    func ports() throws {
        let banned = [
            "Date()", "Date.now", "ContinuousClock", "SuspendingClock", "Task.sleep", "Task.detached", "DispatchQueue",
            "UUID()",
            ".random(in:", "SystemRandomNumberGenerator", "clock_gettime", "Thread.sleep", "@MainActor",
        ]
        for folder in ["Sources/Contracts", "Sources/EventLog", "Sources/Delivery", "Sources/Services"] {
            for file in try SourceFile.all(below: folder) {
                for (index, line) in file.lines.enumerated()
                where !line.trimmingCharacters(in: .whitespaces).hasPrefix("//") {
                    for word in banned where line.contains(word) {
                        Issue.record("\(file.path):\(index + 1) uses \(word); take it through a port")
                    }
                }
            }
        }
    }

    @Test("a file is one idea: none over four hundred lines")
    func sizes() throws {
        for file in try SourceFile.all(below: "Sources") + SourceFile.all(below: "Tests") {
            #expect(file.lines.count <= 401, "\(file.path) has \(file.lines.count - 1) lines")
        }
    }

    @Test("every folder of the house opens with its card")
    func cards() throws {
        let folders = Set(
            try SourceFile.all(below: "Sources").map { file -> String in
                let parts = file.path.split(separator: "/").map(String.init)
                return parts[1] == "Services" || parts[1] == "Programs"
                    ? parts[0...2].joined(separator: "/") : parts[0...1].joined(separator: "/")
            })
        for folder in folders where !folder.hasPrefix("Sources/Programs") {
            let card = SourceFile.root.appendingPathComponent(folder + "/README.md")
            let text = try? String(contentsOf: card, encoding: .utf8)
            #expect((text?.split(separator: "\n").count ?? 0) >= 5, "\(folder)/README.md is missing or says nothing")
        }
    }

    @Test("no file names a machine, a registry or the neighbourhood of the repository")
    func names() throws {
        // Spelled in parts, or this file would be the first find.
        let banned = ["/" + "work/", "/" + "home/", "/" + "root/", "../" + "shared"]
        for file in try SourceFile.all(below: "Sources") + SourceFile.all(below: "Tests") {
            for (index, line) in file.lines.enumerated() {
                for word in banned where line.contains(word) {
                    Issue.record("\(file.path):\(index + 1) names \(word)")
                }
            }
        }
    }
}
