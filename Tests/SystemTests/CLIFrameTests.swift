import Contracts
import Foundation
import Testing
import TestSupport

@Suite("stampede: how it answers", .timeLimit(.minutes(5)))
struct CLIFrameTests {
    @Test(
        "wrong usage is exit code 2, said on stderr",
        arguments: [
            [], ["bogus"], ["status", "--bogus"], ["order"], ["order", ""], ["mail", "…12"],
            ["order", "x", "--json", "--mermaid"],
            ["orders", "--pending", "--failed"], ["orders", "-n", "-1"], ["tail", "--since", "yesterday"],
            ["tail", "--since", "-10m", "--from", "1"], ["tail", "--where", "type ="], ["tail", "--where", ""],
            ["tail", "--from", "-1"], ["tail", "-n", "x"], ["tail", "--order", "x"],
            ["tail", "-f", "--from", "1", "-n", "2"],
            ["log"], ["log", "bogus"], ["status", "--data", ""], ["audit", "--bin", "/nonexistent"],
        ])
    func wrongUsage(_ arguments: [String]) async throws {
        let outcome = try await runProgram(CLI.executable, arguments)
        #expect(outcome.status == 2, "\(arguments): \(outcome.errors)")
        #expect(outcome.output.isEmpty, "\(arguments)")
        #expect(!outcome.errors.isEmpty, "\(arguments)")
    }

    @Test(
        "help is data: on stdout, exit code 0",
        arguments: [
            ["--help"], ["status", "--help"], ["tail", "-h"], ["order", "--help"], ["mail", "--help"],
            ["audit", "--help"],
            ["log", "--help"], ["log", "verify", "--help"], ["help", "tail"],
        ])
    func help(_ arguments: [String]) async throws {
        let outcome = try await runProgram(CLI.executable, arguments)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("USAGE: stampede"))
        #expect(outcome.errors.isEmpty)
    }

    @Test(
        "a data directory that is not there is exit code 1, named, with what to do",
        arguments: [
            ["status"], ["tail"], ["order", "01a1fffc-8749-71b7-9c75-23e5959fc95c"], ["audit"], ["log", "verify"],
        ])
    func noDataDirectory(_ arguments: [String]) async throws {
        let outcome = try await runProgram(CLI.executable, arguments + ["--data", "/nonexistent/run"])
        #expect(outcome.status == 1)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains("/nonexistent/run") && outcome.errors.contains("--data"))
    }

    @Test("looking changes nothing: no file is made, touched or removed")
    func leavesNoTrace() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            let order = CLIWorld.order(1)
            try world.addConfirmedOrder(order)
            try world.writeAll()
            try world.setPosition(.order, .payments, 1)
            try world.writeMailbox(CLIWorld.stored(order, body: "Thank you"))
            let before = try fingerprint(data)
            for arguments in [
                ["status"], ["tail"], ["order", "\(order)"], ["mail", "\(order)"], ["audit"], ["log", "verify"],
            ] {
                _ = try await runProgram(CLI.executable, arguments + ["--data", data])
                #expect(try fingerprint(data) == before, "\(arguments)")
            }
        }
    }
}
