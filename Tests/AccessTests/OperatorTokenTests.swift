import Crypto
import Foundation
import Testing
import TestSupport

@testable import Access

@Suite("Operator's token", .timeLimit(.minutes(5)))
struct OperatorTokenTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.path }
    private var token: String { path + "/operator.token" }
    private var hash: String { path + "/operator.token.sha256" }

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test("services that start at once agree on one token, which only its owner can read", arguments: 1...60)
    func oneToken(round: Int) async throws {
        let path = directory.path
        let tokens = try await withThrowingTaskGroup(of: OperatorToken.self) { group in
            for _ in 0..<16 { group.addTask { try await blocking { try OperatorToken.load(dataDirectory: path) } } }
            return try await group.reduce(into: [OperatorToken]()) { $0.append($1) }
        }
        let text = try String(contentsOfFile: token, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(text.count == 64 && text.allSatisfy(\.isHexDigit))
        #expect(tokens.count == 16 && tokens.allSatisfy { $0.isNamed(by: "Bearer \(text)") })
        #expect(
            Set(try FileManager.default.contentsOfDirectory(atPath: path)) == [
                "operator.token", "operator.token.sha256",
            ])
        #expect(try directory.mode("operator.token") == 0o600)
        #expect(try directory.mode("operator.token.sha256") == 0o644, "whatever the umask is")
        let digest = SHA256.hash(data: Data(text.utf8)).map { String(format: "%02x", $0) }.joined()
        #expect(try String(contentsOfFile: hash, encoding: .utf8) == digest + "\n")
    }

    @Test("the hash is enough to know the token again")
    func hashAlone() throws {
        _ = try OperatorToken.load(dataDirectory: path)
        let text = try #require(try OperatorToken.text(dataDirectory: path))
        try FileManager.default.removeItem(atPath: token)
        let known = try OperatorToken.load(dataDirectory: path)
        #expect(known.isNamed(by: "Bearer \(text)") && known.isNamed(by: "bearer \(text)"))
        for wrong in [
            nil, "", "Bearer", "Bearer ", text, "Basic \(text)", "Bearer \(text)0", "Bearer \(text.dropLast())",
        ] {
            #expect(!known.isNamed(by: wrong), "\(wrong ?? "nothing")")
        }
        #expect(!FileManager.default.fileExists(atPath: token), "no second token")
    }

    @Test("a hash that is gone is made again, of the same token")
    func hashGone() throws {
        _ = try OperatorToken.load(dataDirectory: path)
        let before = try String(contentsOfFile: hash, encoding: .utf8)
        try FileManager.default.removeItem(atPath: hash)
        _ = try OperatorToken.load(dataDirectory: path)
        #expect(try String(contentsOfFile: hash, encoding: .utf8) == before)
    }

    @Test(
        "a token that others can read is refused, with what mends it", arguments: [0o604, 0o640, 0o644, 0o620, 0o601])
    func readByOthers(mode: Int) throws {
        _ = try OperatorToken.load(dataDirectory: path)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: token)
        for use in [
            { _ = try OperatorToken.load(dataDirectory: path) }, { _ = try OperatorToken.text(dataDirectory: path) },
        ] {
            let error = #expect(throws: AccessError.self) { try use() }
            #expect(error?.description.contains("chmod 600 \(token)") == true)
        }
    }

    @Test("what holds no token, no hash or another one's hash is refused by name")
    func refused() throws {
        func expectRefusal(_ file: String, _ words: String) {
            let error = #expect(throws: AccessError.self) { try OperatorToken.load(dataDirectory: path) }
            #expect(error?.file == file && error?.reason.contains(words) == true, "\(error as Any)")
        }
        try directory.write("short\n", to: "operator.token", mode: 0o600)
        expectRefusal(token, "holds no operator's token")
        try directory.write(String(repeating: "t", count: 64), to: "operator.token", mode: 0o600)
        _ = try OperatorToken.load(dataDirectory: path)
        try directory.write(String(repeating: "0", count: 64), to: "operator.token.sha256", mode: 0o644)
        expectRefusal(hash, "not the hash of the token")
        try directory.write("zz" + String(repeating: "0", count: 62), to: "operator.token.sha256", mode: 0o644)
        expectRefusal(hash, "no SHA-256")
        try FileManager.default.removeItem(atPath: token)
        try FileManager.default.createDirectory(atPath: token, withIntermediateDirectories: false)
        expectRefusal(token, "no file")
    }
}
