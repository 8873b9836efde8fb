import CommandLineKit
import Contracts
import Foundation
import Testing
import TestSupport

/// What anyone meets who types a command for the first time.
@Suite("The first command", .timeLimit(.minutes(5)))
struct CLIFirstUseTests {
    private static let programs = SupervisedRun.services + ["stampede", "flash-sale", "simulate"]

    @Test("each program says its version, and so do the scripts")
    func version() async throws {
        let commands =
            Self.programs.map { "\(Project.binaries)/\($0)" }
            + ["supervisor", "demo", "drill", "chaos"].map { "\(Project.root)/Scripts/\($0)" }
        for command in commands {
            let outcome = try await runProgram(command, ["--version"])
            #expect(
                outcome.status == 0 && outcome.output == StampedeVersion.text + "\n" && outcome.errors.isEmpty,
                "\(command): \(outcome)")
        }
    }

    @Test("STAMPEDE_DATA names the data directory, and --data is stronger")
    func dataDirectory() async throws {
        try await withTemporaryDirectory { directory in
            let (told, other) = (directory + "/a run", directory + "/other")
            try CLIWorld(told).append(.orders, [CLIWorld.created(CLIWorld.order(1), at: 0)])
            try CLIWorld(other).append(.orders, [])
            let environment = [UsualDataDirectory.variable: told]
            let tail = try await runProgram(CLI.executable, ["tail"], environment: environment)
            #expect(tail.status == 0 && tail.output.contains("orders@0"), "\(tail)")
            let stronger = try await CLI.run("tail", data: other, environment: environment)
            #expect(stronger.output.isEmpty && stronger.errors.contains("No events."), "\(stronger)")
            for program in SupervisedRun.services {
                let outcome = try await runProgram(
                    "\(Project.binaries)/\(program)", ["--help"], environment: environment)
                #expect(outcome.output.contains("a run)"), "\(program) shows its data directory: \(outcome.output)")
                let settings = try await runProgram(
                    "\(Project.binaries)/\(program)", ["--print-config"], environment: environment)
                #expect(settings.status == 0, "\(program) takes the variable for a setting: \(settings.errors)")
            }
            let supervisor = try await runProgram(
                Project.root + "/Scripts/supervisor", ["restart", "order"],
                environment: environment)
            #expect(supervisor.errors.contains("nothing is running on \(told)"), "\(supervisor.errors)")
        }
    }

    @Test(
        "a mistyped command is answered with the nearest, exit code 2",
        arguments: [
            ("stampede", ["statsu"], "Did you mean 'stampede status'?"),
            ("stampede", ["log", "verfiy"], "Did you mean 'stampede log verify'?"),
            ("stampede", ["pause", "paymnet"], "Did you mean 'payment'?"),
            ("stampede", ["status", "--dta", "x"], "Did you mean '--data'?"),
            ("stampede", ["tail", "--where", "tpye = x"], "did you mean 'type'?"),
            ("stampede", ["orders", "--reason", "soldout"], "did you mean 'soldOut'?"),
            ("flash-sale", ["rnu"], "Did you mean 'flash-sale run'?"),
            ("simulate", ["--seed", "1", "--plant", "x"], "Please provide one of"),
            ("payment-gateway", ["--dta", "x"], "Did you mean '--data'?"),
        ])
    func mistyped(program: String, arguments: [String], answer: String) async throws {
        let outcome = try await runProgram("\(Project.binaries)/\(program)", arguments)
        #expect(outcome.status == 2 && outcome.errors.contains(answer) && outcome.output.isEmpty, "\(outcome)")
    }

    @Test(
        "a script names the nearest of its commands and options",
        arguments: [
            (["supervisor", "statsu"], "did you mean status?"),
            (["supervisor", "status", "--dat"], "did you mean --data?"),
            (["supervisor", "restart", "paymnet"], "did you mean payment?"),
            (["drill", "poisno"], "did you mean poison?"),
            (["demo", "--shopers", "5"], "Did you mean '--shoppers'?"), (["setup", "--al"], "did you mean --all?"),
            (["chaos", "--minuts", "1"], "did you mean --minutes?"),
            (["supervisor", "weather"], "unknown command weather\n"),
        ])
    func mistypedInScripts(words: [String], answer: String) async throws {
        try await withTemporaryDirectory { directory in
            let outcome = try await runProgram(
                "\(Project.root)/Scripts/\(words[0])", Array(words.dropFirst()),
                environment: ["STAMPEDE_BIN": Project.binaries, UsualDataDirectory.variable: directory + "/data"])
            #expect(outcome.status == 2 && outcome.errors.contains(answer), "\(outcome)")
        }
    }

    @Test("an event type that nobody knows is answered with the nearest, if nothing matches")
    func types() async throws {
        try await withTemporaryDirectory { data in
            try CLIWorld(data).append(.orders, [CLIWorld.created(CLIWorld.order(1), at: 0)])
            for (arguments, answer) in [
                (["tail", "--type", "v1.OrderCreate"], "did you mean 'v1.OrderCreated'?"),
                (["tail", "--type", "ordercreated"], "did you mean 'OrderCreated'?"),
                (["tail", "--type", "weather"], "they are OrderCreated, "),
                (["tail", "--where", "type = v1.StockReservd and offset = 9"], "did you mean 'v1.StockReserved'?"),
                (["tail", "--where", "type ~ Cancelld"], "did you mean 'Cancelled'?"),
                (["dlq", "list", "--type", "v1.StockReservd"], "did you mean 'v1.StockReserved'?"),
            ] {
                let outcome = try await runProgram(CLI.executable, arguments + ["--data", data])
                #expect(outcome.status == 0 && outcome.errors.contains(answer), "\(arguments): \(outcome)")
            }
            let known = try await CLI.run("tail", "--type", "StockReserved", data: data)
            #expect(known.status == 0 && !known.errors.contains("There is no event type"), "\(known)")
            let topic = try await CLI.run("tail", "--topic", "ordes", data: data)
            #expect(topic.errors.contains("did you mean 'orders'?"), "\(topic)")
        }
    }

    @Test("a hint's command is about the data directory that was given")
    func hints() async throws {
        try await withTemporaryDirectory { directory in
            let data = directory + "/a run"
            try CLIWorld(data).append(.orders, [CLIWorld.created(CLIWorld.order(1), at: 0)])
            for arguments in [["mail", "deadbeef"], ["order", "nobody"], ["dlq", "show", "deadbeef"]] {
                let outcome = try await runProgram(CLI.executable, arguments + ["--data", data])
                #expect(outcome.status == 1, "\(outcome)")
                let commands = outcome.errors.components(separatedBy: "'stampede ").dropFirst()
                #expect(
                    !commands.isEmpty && commands.allSatisfy { $0.contains(" --data '\(data)'") }, "\(outcome.errors)")
            }
        }
    }

    @Test("no help is wrapped twice: a line is as long as its next word allows, or ends a sentence")
    func help() async throws {
        for program in Self.programs { try await checkHelp(of: [program]) }
        for script in ["chaos", "containers-test", "demo", "drill", "setup", "supervisor", "test"] {
            let outcome = try await runProgram("\(Project.root)/Scripts/\(script)", ["--help"])
            #expect(outcome.status == 0 && outcome.output.widest <= Self.columns, "\(script): \(outcome.output)")
        }
    }

    private static let columns = 80

    private func checkHelp(of command: [String]) async throws {
        let outcome = try await runProgram(
            "\(Project.binaries)/\(command[0])", command.dropFirst() + ["--help"],
            environment: ["COLUMNS": String(Self.columns)])
        let sections = outcome.output.components(separatedBy: "\nUSAGE: ")
        try #require(outcome.status == 0 && sections.count == 2, "\(command): \(outcome)")
        let lines = sections[0].components(separatedBy: "\n")
        for (line, next) in zip(lines, lines.dropFirst()) {
            guard let word = next.split(separator: " ").first, let end = line.last, !".:)".contains(end) else {
                continue
            }
            #expect(line.count + 1 + word.count >= Self.columns, "\(command): '\(line)' ends early, before '\(word)'")
        }
        let subcommands = sections[1].components(separatedBy: "SUBCOMMANDS:\n").dropFirst().first ?? ""
        for line in subcommands.components(separatedBy: "\n") {
            if line.isEmpty { break }
            guard line.hasPrefix("  "), !line.hasPrefix("   ") else { continue }
            let name = line.split(separator: " ").prefix(1).map(String.init)
            try await checkHelp(of: command + name)
        }
    }
}
