import Testing

/// The program; what it simulates is tested in SimulationTests.
@Suite("simulate", .timeLimit(.minutes(5)))
struct SimulateTests {
    @Test("a range of seeds has the same reports on two processes as on one, a line each")
    func jobs() async throws {
        let executable = Project.binaries + "/simulate"
        let arguments = ["--seeds", "1..5", "--orders", "6", "--until", "5", "--json"]
        let one = try await runProgram(executable, arguments)
        let two = try await runProgram(executable, arguments + ["--jobs", "2"])
        #expect(one.status == 0 && two.status == 0, "\(one.errors)\(two.errors)")
        let lines = one.output.split(separator: "\n")
        #expect(lines.count == 5)
        #expect(two.output.split(separator: "\n").sorted() == lines.sorted())
    }

    @Test("a seed of a range that fails says what to type to see it fail again")
    func again() async throws {
        let executable = Project.binaries + "/simulate"
        let range = try await runProgram(
            executable,
            ["--seeds", "2..2", "--orders", "6", "--until", "5", "--plant", "database-syncs-nothing"])
        #expect(range.status == 1)
        let said = try #require(range.errors.firstMatch(of: #/seed 2: (.+)\n  run 'simulate (.+)' to see why/#))
        let alone = try await runProgram(executable, said.output.2.split(separator: " ").map(String.init))
        #expect(alone.status == 1)
        #expect(alone.output.contains(said.output.1), "\(alone.output)")
    }
}
