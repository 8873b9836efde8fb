import CPlatform
import Contracts
import Delivery
import Foundation
import Testing
import TestSupport

@testable import ServiceRuntime

/// The file that outlives a death by trap.
@Suite("The page of a trap watch", .timeLimit(.minutes(5)))
struct TrapPageTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.path + "/trying" }

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func write(_ death: Death, to page: TrapPage) {
        var evidence = stampede_trap_evidence()
        withUnsafeMutableBytes(of: &evidence.topic) { $0.copyBytes(from: death.topic.name.utf8) }
        evidence.offset = death.offset
        evidence.signal = death.signal
        evidence.stamp = death.stamp
        stampede_trap_write(page.memory, &evidence)
    }

    private static let death = Death(topic: .deadLetters(of: .notification), offset: .max, signal: 4, stamp: 17)

    @Test("a new page says nothing; what is written to it is read by the next process, until it is cleared")
    func survives() throws {
        let first = try TrapPage(path: path)
        #expect(first.evidence == nil)
        write(Self.death, to: first)
        let second = try TrapPage(path: path)
        #expect(second.evidence == Self.death)
        #expect(try TrapPage(path: path).evidence == Self.death, "it stays")
        second.clear()
        #expect(try TrapPage(path: path).evidence == nil)
    }

    @Test("a mark without evidence is no death: whoever is killed from outside leaves one")
    func markAlone() throws {
        let page = try TrapPage(path: path)
        stampede_trap_trying(page.memory, "orders", 6, 12)
        #expect(try TrapPage(path: path).evidence == nil)
        stampede_trap_idle(page.memory)
    }

    @Test("a file that is no page, of another version, too short, too long or torn counts as empty, and is mended")
    func damaged() throws {
        let page = try TrapPage(path: path)
        write(Self.death, to: page)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(whole.count == TrapPage.length)
        var other = whole
        try #require(other.count > 8)
        other[8] = 9
        var torn = whole
        torn[1024 + 64] ^= 1
        let damages = [
            Data(), Data("not a page".utf8), Data(repeating: 0xFF, count: TrapPage.length), whole.prefix(600),
            whole + Data([0]), other, torn,
        ]
        for (number, damage) in damages.enumerated() {
            try damage.write(to: URL(fileURLWithPath: path))
            let opened = try TrapPage(path: path)
            #expect(opened.evidence == nil, "damage \(number)")
            write(Self.death, to: opened)
            #expect(try TrapPage(path: path).evidence == Self.death, "damage \(number)")
        }
    }

    @Test("a page that cannot be opened is an error that names it")
    func unopenable() throws {
        let missing = directory.path + "/nowhere/trying"
        let fault = #expect(throws: FileFault.self) { try TrapPage(path: missing) }
        #expect(fault?.description.contains(missing) == true)
    }
}
