import Foundation
import ServiceRuntime
import Testing

@Suite("Operator's token", .timeLimit(.minutes(2)))
struct OperatorTokenTests {
    @Test("services that start at once agree on one token, which only its owner can read", arguments: 1...60)
    func oneToken(round: Int) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path
        let tokens = try await withThrowingTaskGroup(of: OperatorToken.self) { group in
            for _ in 0..<16 { group.addTask { try await blocking { try OperatorToken.load(dataDirectory: path) } } }
            return try await group.reduce(into: [OperatorToken]()) { $0.append($1) }
        }
        let text = try String(contentsOfFile: path + "/operator.token", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(text.count == 64 && text.allSatisfy(\.isHexDigit))
        #expect(tokens.count == 16 && tokens.allSatisfy { $0.isNamed(by: "Bearer \(text)") })
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["operator.token"])
        let mode = try FileManager.default.attributesOfItem(atPath: path + "/operator.token")[.posixPermissions]
        #expect((mode as? NSNumber)?.intValue == 0o600)
    }

    @Test("a file that holds no token is refused by name")
    func noToken() throws {
        let directory = try TemporaryDirectory()
        try Data("short\n".utf8).write(to: URL(fileURLWithPath: directory.path + "/operator.token"))
        let error = #expect(throws: OperatorTokenError.self) {
            try OperatorToken.load(dataDirectory: directory.path)
        }
        #expect(error?.description.contains(directory.path + "/operator.token") == true)
    }
}
