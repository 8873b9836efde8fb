import Foundation
import Testing
import TestSupport

@testable import ProcessSettings

@Suite("The configuration file", .timeLimit(.minutes(5)))
struct ConfigurationFileTests {
    @Test("names stand in groups or with their dots; escapes are resolved, numbers stay as written")
    func entries() throws {
        let directory = try TemporaryDirectory()
        let entries = try ConfigurationFile.read(
            directory.file(
                "{ \"a\" : { \"b\" : { \"c\" : \"x\\u0041\\\"\" } ,\n\"d.e\":1e3},\n\n \"f\":[1,\n\"]\"], \"g\":{}}"))
        #expect(entries.map(\.name) == ["a.b.c", "a.d.e", "f"])
        #expect(entries.map(\.text) == ["xA\"", "1e3", "[1,\n\"]\"]"])
        #expect(entries.map(\.line) == [1, 2, 4])
    }

    @Test(
        "what is no JSON object is refused with the line at which it ends to be one",
        arguments: [
            ("", 1), ("[]", 1), ("{", 1), ("{\n\"a\" 1}", 2), ("{\"a\": 1,}", 1), ("{\"a\": 1}\n}", 2),
            ("{\n\n\"a\": tru}", 3), ("{\"a\": \"x\n\"}", 1), ("{\"a\": \"\\q\"}", 1), ("{\"a\": 01}", 1),
            ("{\"a\": [1}", 1),
            ("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}", 1), ("{\"a\": \"x\\", 1),
        ])
    func broken(text: String, line: Int) throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file(text)
        let problem = #expect(throws: SettingsProblem.self) { try ConfigurationFile.read(file) }
        #expect(problem?.place == "\(file):\(line)")
    }

    @Test("a file that is not there, is a directory or is not text is refused by its name")
    func unreadable() throws {
        let directory = try TemporaryDirectory()
        let broken = directory.path + "/bytes"
        try Data([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]).write(to: URL(fileURLWithPath: broken))
        for (path, place) in [
            ("/nowhere/shop.json", "/nowhere/shop.json"), (directory.path, directory.path), (broken, broken + ":1"),
        ] {
            let problem = #expect(throws: SettingsProblem.self) { try ConfigurationFile.read(path) }
            #expect(problem?.place == place)
            #expect(mistakes(file: path).count == 1)
        }
    }

    @Test("a name that is given twice, in a group and with its dots, is refused")
    func twice() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("{\"checkout\": {\"port\": 1},\n\"checkout.port\": 2}")
        #expect(mistakes(file: file) == ["\(file):1: checkout.port is given again further down"])
    }
}
