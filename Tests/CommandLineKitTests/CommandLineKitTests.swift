import ArgumentParser
import Foundation
import Synchronization
import Testing
import TestSupport

@testable import CommandLineKit

@Suite("What somebody may have meant", .timeLimit(.minutes(5)))
struct NearMissTests {
    @Test("the nearest name, if one is near")
    func nearest() {
        let known = ["status", "tail", "order", "orders", "order-token", "dlq", "log", "lag", "up"]
        for (typed, meant) in [
            ("statsu", "status"), ("stat", "status"), ("STATUS", "status"), ("tial", "tail"), ("ordres", "orders"),
            ("ordertoken", "order-token"), ("dql", "dlq"), ("u", "up"), ("lgo", "log"),
        ] {
            #expect(NearMiss.of(typed, among: known) == meant, "\(typed)")
        }
        for typed in ["weather", "", "xy", "q", String(repeating: "status", count: 10_000)] {
            #expect(NearMiss.of(typed, among: known) == nil, "\(typed.prefix(20))")
        }
        #expect(NearMiss.question("tial", among: known) == "did you mean 'tail'?")
    }

    @Test("a swap, a change, a loss and an addition count one each")
    func distances() {
        for (one, other, distance) in [
            ("", "", 0), ("ab", "ba", 1), ("abc", "axc", 1), ("abc", "ac", 1), ("ac", "abc", 1), ("abcd", "", 4),
        ] {
            #expect(NearMiss.distance(Array(one.utf8), Array(other.utf8)) == distance)
        }
    }
}

@Suite("The data directory without --data", .timeLimit(.minutes(5)))
struct UsualDataDirectoryTests {
    private func usual(_ value: String? = nil) -> UsualDataDirectory {
        UsualDataDirectory(environment: value.map { [UsualDataDirectory.variable: $0] } ?? [:])
    }

    @Test("STAMPEDE_DATA names it, unless it is empty")
    func path() {
        #expect(usual().path == ".stampede")
        #expect(usual("").path == ".stampede")
        #expect(usual("/srv/shop").path == "/srv/shop")
    }

    @Test("a hint names the directory, unless each shell in the working directory means it")
    func option() {
        #expect(usual().option(for: ".stampede", workingDirectory: "/w") == "")
        #expect(usual().option(for: "/w/.stampede", workingDirectory: "/w") == "")
        #expect(usual().option(for: "/x/.stampede", workingDirectory: "/w") == " --data /x/.stampede")
        #expect(usual("/srv/shop").option(for: ".stampede", workingDirectory: "/w") == " --data .stampede")
        #expect(usual("/srv/shop").option(for: "/srv/shop", workingDirectory: "/w") == " --data /srv/shop")
        #expect(usual().option(for: "it's here", workingDirectory: "/w") == #" --data 'it'\''s here'"#)
        #expect(usual().option(for: "$(x)", workingDirectory: "/w") == " --data '$(x)'")
        #expect(usual().option(for: "", workingDirectory: "/w") == " --data ''")
    }

    @Test("a hint's command carries the option, once")
    func hints() {
        for (text, completed) in [
            ("see 'stampede status', then", "see 'stampede status --data d', then"),
            ("the order's 'stampede order X'", "the order's 'stampede order X --data d'"),
            (
                "'Scripts/supervisor up' or 'stampede audit'",
                "'Scripts/supervisor up --data d' or 'stampede audit --data d'"
            ),
            ("'stampede status --data e'", "'stampede status --data e'"), ("'stampede --help'", "'stampede --help'"),
            ("no command, an ' apostrophe", "no command, an ' apostrophe"), ("'stampede status", "'stampede status"),
            ("'jq' and 'stampede'", "'jq' and 'stampede'"), ("", ""),
        ] {
            #expect(CommandHints.completed(text, with: " --data d") == completed)
            #expect(CommandHints.completed(text, with: "") == text)
        }
    }
}

@Suite("A command line that cannot be parsed", .timeLimit(.minutes(5)))
struct UsageMistakeTests {
    private struct Tool: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "tool", subcommands: [Status.self, Desk.self, Hidden.self])
    }

    private struct Status: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "status")

        @Option var colour = Colour.green
    }

    private struct Desk: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "desk", subcommands: [List.self])
    }

    private struct List: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list")
    }

    private struct Hidden: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "hidden", shouldDisplay: false)
    }

    private enum Colour: String, ExpressibleByArgument, CaseIterable { case green, purple }

    private func answer(_ arguments: String...) throws -> String {
        let error = #expect(throws: (any Error).self) { _ = try Tool.parseAsRoot(arguments) }
        return UsageMistake(in: arguments, of: Tool.self).message(Tool.fullMessage(for: try #require(error)))
    }

    @Test("a mistyped command, at each level, is answered with the nearest, or with all there are")
    func commands() throws {
        #expect(
            try answer("statsu").hasPrefix("Error: There is no command 'tool statsu'. Did you mean 'tool status'?\n"))
        #expect(try answer("desk", "lits").contains("no command 'tool desk lits'. Did you mean 'tool desk list'?"))
        #expect(try answer("weather").contains("no command 'tool weather'. There are: status, desk.\n"))
        #expect(try answer("--data", "x", "status").contains("stands behind one: tool COMMAND --data …"))
    }

    @Test("a mistyped option, and a value of a list, are answered with the nearest")
    func values() throws {
        #expect(try answer("status", "--color", "green").contains("Did you mean '--colour'?"))
        #expect(try answer("status", "--colour", "pruple").contains("Did you mean 'purple'?\n"))
        let far = try answer("status", "--colour", "x")
        #expect(far.contains("Please provide one of 'green' and 'purple'.") && !far.contains("Did you mean"))
    }
}

@Suite("Progress on a terminal", .timeLimit(.minutes(5)))
struct ProgressLineTests {
    private final class Screen: Sendable {
        private let written = Mutex("")
        var text: String { written.withLock { $0 } }
        func write(_ text: String) { written.withLock { $0 += text } }
    }

    @Test("it is drawn in one line of at most 79 columns, and erased at the end")
    func drawn() {
        let screen = Screen()
        let line = ProgressLine(isTerminal: true, environment: ["TERM": "xterm"]) { screen.write($0) }
        #expect(line.draw() && screen.text.isEmpty, "nothing to show yet")
        line.show(String(repeating: "long ", count: 50))
        #expect(line.draw())
        #expect(screen.text.hasPrefix("\r\u{1B}[Klong long") && screen.text.count <= 79 + 4)
        line.end()
        line.end()
        #expect(screen.text.hasSuffix("long\r\u{1B}[K") || screen.text.hasSuffix(" \r\u{1B}[K"))
        line.show("more")
        #expect(!line.draw() && !screen.text.contains("more"), "nothing is drawn after the end")
    }

    @Test(
        "without a terminal that can erase a line, nothing is written", arguments: [(false, "xterm"), (true, "dumb")])
    func piped(isTerminal: Bool, terminal: String) {
        let screen = Screen()
        let line = ProgressLine(isTerminal: isTerminal, environment: ["TERM": terminal]) { screen.write($0) }
        line.show("work")
        _ = line.draw()
        line.end()
        #expect(screen.text.isEmpty)
    }
}
