import Crypto
import Foundation
import Testing
import TestSupport

@testable import Access

@Suite("Orders' tokens", .timeLimit(.minutes(5)))
struct OrderTokensTests {
    private let tokens = OrderTokens(key: Array(0..<32))
    private static let order = [UInt8](repeating: 9, count: 16)

    // MARK: - Tokens

    @Test("a token is HMAC-SHA256 of the id, as base64url: an operator's own tools can make it")
    func made() {
        let code = HMAC<SHA256>.authenticationCode(
            for: Self.order, using: SymmetricKey(data: (0..<32).map { UInt8($0) }))
        let text = Data(code).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
        #expect(tokens.token(of: Self.order) == text)
        #expect(tokens.accept(text, of: Self.order))
    }

    @Test("any other text, id or key is refused: every character changed to every other")
    func refused() {
        let token = tokens.token(of: Self.order)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= é"
        for place in token.indices {
            for other in alphabet where other != token[place] {
                var changed = token
                changed.replaceSubrange(place...place, with: String(other))
                #expect(!tokens.accept(changed, of: Self.order), "\(changed)")
            }
        }
        for wrong in ["", token + "A", token + "=", String(token.dropLast()), String(token.dropFirst()), " " + token] {
            #expect(!tokens.accept(wrong, of: Self.order), "'\(wrong)'")
        }
        var neighbour = Self.order
        neighbour[15] ^= 1
        #expect(!tokens.accept(token, of: neighbour))
        #expect(!OrderTokens(key: Array(1...32)).accept(token, of: Self.order))
    }

    @Test("base64url is read back as it was written, whatever the length; nothing else means the same bytes")
    func base64URL() {
        for length in 0..<40 {
            let bytes = [UInt8].random(count: length)
            let text = Base64URL.text(bytes)
            #expect(Base64URL.bytes(text) == bytes)
            #expect(text.utf8.count == (length * 4 + 2) / 3)
        }
        for wrong in ["A", "AB", "AAB", "AAAAA", "AA==", "AA+A", "AA/A", "A A", "AAA\u{0}"] {
            #expect(Base64URL.bytes(wrong) == nil, "\(wrong)")
        }
    }

    // MARK: - The key

    @Test("the key is made at the first start, for its owner alone, and is the same from then on")
    func firstStart() throws {
        let directory = try TemporaryDirectory()
        let first = try OrderTokens.load(directory: directory.path) { false }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["order-token.key"])
        #expect(try directory.mode("order-token.key") == 0o600)
        #expect(try Data(contentsOf: URL(fileURLWithPath: directory.path + "/order-token.key")).count == 32)
        let later = try OrderTokens.load(directory: directory.path) { true }
        #expect(later.accept(first.token(of: Self.order), of: Self.order))
    }

    @Test("until there are orders, a start writes the key down again: the one before may have ended in a failed sync")
    func writtenAgain() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/order-token.key"
        func identity() throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
        }
        _ = try OrderTokens.load(directory: directory.path) { false }
        let (key, first) = (try Data(contentsOf: URL(fileURLWithPath: path)), try identity())
        _ = try OrderTokens.load(directory: directory.path) { false }
        let second = try identity()
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == key && second != first)
        _ = try OrderTokens.load(directory: directory.path) { true }
        #expect(try identity() == second, "once there are, nobody touches it")
    }

    @Test("a key that is gone while there are orders is not replaced: the refusal says what to do, and doing it helps")
    func lost() throws {
        let directory = try TemporaryDirectory()
        let error = #expect(throws: AccessError.self) { try OrderTokens.load(directory: directory.path) { true } }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
        let command = try #require(error?.reason.components(separatedBy: "made with: ").last)
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", command]
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0, "\(command)")
        let tokens = try OrderTokens.load(directory: directory.path) { true }
        #expect(tokens.accept(tokens.token(of: Self.order), of: Self.order))
    }

    @Test("a key of another length is refused by name", arguments: [0, 31, 33, 5000])
    func length(count: Int) throws {
        let directory = try TemporaryDirectory()
        try directory.write(String(repeating: "k", count: count), to: "order-token.key", mode: 0o600)
        let error = #expect(throws: AccessError.self) { try OrderTokens.load(directory: directory.path) { false } }
        #expect(error?.description.contains(directory.path + "/order-token.key: it has to hold 32 bytes") == true)
    }

    @Test("a key that others can read is refused, with what mends it")
    func readByOthers() throws {
        let directory = try TemporaryDirectory()
        _ = try OrderTokens.load(directory: directory.path) { false }
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o640], ofItemAtPath: directory.path + "/order-token.key")
        let error = #expect(throws: AccessError.self) { try OrderTokens.load(directory: directory.path) { false } }
        #expect(error?.description.contains("chmod 600 \(directory.path)/order-token.key") == true)
    }

    @Test("a directory that takes no file is an error of the file, not of the disk")
    func nowhere() throws {
        let directory = try TemporaryDirectory()
        let error = #expect(throws: AccessError.self) {
            try OrderTokens.load(directory: directory.path + "/missing") { false }
        }
        #expect(error?.isOfTheDisk == false)
    }

    @Test("a disk that fills up in the middle of a file is told as such, and leaves nothing behind")
    func fullDisk() throws {
        let directory = try TemporaryDirectory()
        var calls = 0
        let file = SecretFile(directory.path + "/key") { descriptor, bytes, count in
            calls += 1
            if calls == 1 { return write(descriptor, bytes, count / 2) }
            errno = ENOSPC
            return -1
        }
        let error = #expect(throws: AccessError.self) { try file.make([1, 2, 3, 4], mode: 0o600) }
        #expect(error?.isOfTheDisk == true)
        #expect(error?.description.contains("No space left on device") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
    }

    @Test("a file that is written in pieces is whole, whatever interrupts it")
    func pieces() throws {
        let directory = try TemporaryDirectory()
        var calls = 0
        let file = SecretFile(directory.path + "/key") { descriptor, bytes, count in
            calls += 1
            guard calls.isMultiple(of: 2) else {
                errno = EINTR
                return -1
            }
            return write(descriptor, bytes, 1)
        }
        try file.make([1, 2, 3, 4], mode: 0o600)
        #expect(try file.read(isPrivate: true) == [1, 2, 3, 4])
    }
}
