import Foundation
import TestSupport
import Testing

/// What every program does alike, whoever calls it and however.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ProgramStartTests {
    static let programs = SupervisedRun.services + ["flash-sale", "stampede", "simulate"]

    private func bash(_ text: String, in scratch: String) async throws -> Outcome {
        try await runProgram(
            "/bin/bash", ["-c", "cd \"$SCRATCH\" || exit\n" + text],
            environment: ["SCRATCH": scratch, "BIN": Project.binaries])
    }

    @Test("help that does not fit on a full disk, or has nowhere to go, is a failure", arguments: programs)
    func fullDisk(program: String) async throws {
        try await withTemporaryDirectory { scratch in
            for (place, why) in [(">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")] {
                let outcome = try await bash("\"$BIN/\(program)\" --help \(place)", in: scratch)
                #expect(outcome.status == 1, "\(place): \(outcome.errors)")
                #expect(outcome.errors.contains("cannot write standard output"), "\(outcome.errors)")
                #expect(outcome.errors.contains(why) || program == "simulate", "\(outcome.errors)")
            }
        }
    }

    @Test("settings that do not fit on a full disk are a failure", arguments: SupervisedRun.services)
    func settings(program: String) async throws {
        try await withTemporaryDirectory { scratch in
            let outcome = try await bash("\"$BIN/\(program)\" --print-config >/dev/full", in: scratch)
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("cannot write standard output: No space left on device"))
        }
    }

    @Test("a name that is not UTF-8 is refused, and nothing is made beside it", arguments: programs)
    func names(program: String) async throws {
        try await withTemporaryDirectory { scratch in
            for (call, says) in [
                ("\"$BIN/\(program)\" --data $'a\\xff'", "the argument 'a\\xff' is not UTF-8"),
                ("TMPDIR=$'\\xfe' \"$BIN/\(program)\" --help", "the variable 'TMPDIR=\\xfe' is not UTF-8"),
                (
                    "mkdir $'w\\xff' && cd $'w\\xff' && \"$BIN/\(program)\" --help",
                    "/w\\xff' is not UTF-8"
                ),
            ] {
                let outcome = try await bash(call, in: scratch)
                #expect(outcome.status == 2, "\(call): \(outcome.errors)")
                #expect(outcome.errors.contains(says), "\(outcome.errors)")
            }
            let names = try await bash("find . -mindepth 1 | wc -l", in: scratch)
            #expect(names.output == "1\n", "of the test's own: w")
        }
    }

    @Test("closed standard descriptors are not taken for files of its own; children's exit codes are its to have")
    func descriptors() async throws {
        try await withTemporaryDirectory { scratch in
            let outcome = try await bash(
                """
                trap '' CHLD
                "$BIN/payment-gateway" --data data --port 0 <&- 2>&- >&- & pid=$!
                until [[ -s data/db/payment-gateway/payment-gateway.db-wal ]]; do sleep 0.02; done
                readlink /proc/$pid/fd/{0,1,2}; grep SigIgn /proc/$pid/status
                kill $pid; wait $pid
                """, in: scratch)
            let lines = outcome.output.split(separator: "\n")
            #expect(lines.prefix(3) == ["/dev/null", "/dev/null", "/dev/null"], "\(outcome.output)")
            let mask = try #require(lines.last?.split(separator: "\t").last.flatMap { Int($0, radix: 16) })
            #expect(mask & 1 << (SIGCHLD - 1) == 0)
        }
    }

    @Test(
        "a directory whose name looks like an address of SQLite's is one directory",
        arguments: ["file:x", "file:x?mode=memory"])
    func address(name: String) async throws {
        try await withTemporaryDirectory { scratch in
            let outcome = try await bash(
                """
                "$BIN/payment-gateway" --data '\(name)' --port 0 & pid=$!
                until compgen -G '*/db/payment-gateway/*.db-wal' || ! kill -0 $pid; do sleep 0.02; done
                kill $pid; wait $pid; echo $?
                ls; ls '\(name)/db/payment-gateway'
                """, in: scratch)
            let lines = outcome.output.split(separator: "\n").map(String.init)
            #expect(lines.contains("payment-gateway.db"), "\(outcome.output)\(outcome.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: scratch) == [name])
        }
    }
}
