import Foundation
import Testing

/// `Scripts/supervisor`, called in ways in which a script breaks that was only ever called in one.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct SurroundingsTests {
    private static let script = Project.root + "/Scripts/supervisor"

    /// Runs bash with `$SUPERVISOR`, `$DATA`, `$SCRATCH` and `$BASE`, and with six stand-ins for the programs.
    private func bash(
        _ text: String, in scratch: String, base: Int? = nil, environment: [String: String] = [:]
    ) async throws -> Outcome {
        let own = [
            "SUPERVISOR": Self.script, "SCRATCH": scratch, "DATA": scratch + "/data",
            "BASE": "\(try base ?? FreePorts.base())",
            "STAMPEDE_BIN": try FakeServices(in: scratch).directory,
        ]
        return try await runProgram("/bin/bash", ["-c", text], environment: own.merging(environment) { $1 })
    }

    /// How a caller may have left things, and may call.
    static let callers = [
        "cd \"${SUPERVISOR%/*}/..\" && CDPATH=. Scripts/supervisor up",
        "ln -s \"$SUPERVISOR\" \"$SCRATCH/link\" && \"$SCRATCH/link\" up",
        "mkdir \"$SCRATCH/locale\" && localedef -i tr_TR -f UTF-8 \"$SCRATCH/locale/tr_TR.UTF-8\" &&"
            + " LOCPATH=$SCRATCH/locale LC_ALL=tr_TR.UTF-8 \"$SUPERVISOR\" up",
        "trap '' CHLD && \"$SUPERVISOR\" up",
        "POSIXLY_CORRECT=yes IFS=p GREP_OPTIONS=-v \"$SUPERVISOR\" up",
        "\"$SUPERVISOR\" up <&-",
        "umask 0777 && \"$SUPERVISOR\" up",
        "unset HOME TMPDIR && \"$SUPERVISOR\" up",
        "cd \"$SCRATCH\" && DATA=data/../data/ && \"$SUPERVISOR\" up",
        "STAMPEDE_READY_SECONDS=0090 \"$SUPERVISOR\" up",
    ]

    @Test("up starts all six, however it is called; they have their children's exit codes", arguments: callers)
    func called(caller: String) async throws {
        try await withScratch { scratch in
            let base = try FreePorts.base()
            // Ports with a zero in front, which bash takes for octal.
            let up = try await bash("\(caller) --data \"$DATA\" --port-base 0$BASE", in: scratch, base: base)
            let masks = try await bash(
                "for file in \"$DATA\"/run/*-*.pid; do grep SigIgn /proc/$(cat \"$file\")/status; done", in: scratch)
            let status = try await bash("\"$SUPERVISOR\" status --data \"$DATA\"", in: scratch)
            let down = try await bash("\"$SUPERVISOR\" down --data \"$DATA\"", in: scratch)
            #expect(up.status == 0, "\(up.errors)")
            #expect(up.output.contains("admin \(base + 5)\n"), "\(up.output)")
            #expect(status.status == 0, "\(status.output)\(status.errors)")
            #expect(down.status == 0, "\(down.errors)")
            let ignored = masks.output.split(separator: "\n").map {
                Int($0.split(separator: "\t").last ?? "", radix: 16)
            }
            #expect(ignored.count == 6)
            #expect(ignored.allSatisfy { ($0 ?? -1) & 1 << (SIGCHLD - 1) == 0 }, "\(masks.output)")
            #expect(ProcessTable.mentioning(scratch).isEmpty)
        }
    }

    @Test("what the caller has open stays with the caller: a lock of its own is free when it ends")
    func descriptors() async throws {
        try await withScratch { scratch in
            let outcome = try await bash(
                """
                exec 5>"$SCRATCH/lock" 42>"$SCRATCH/other" && flock 5
                "$SUPERVISOR" up --data "$DATA" --port-base "$BASE" || exit
                exec 5>&- && flock --nonblock "$SCRATCH/lock" true && echo free
                for file in "$DATA"/run/*.pid; do ls -l "/proc/$(cat "$file")/fd"; done
                "$SUPERVISOR" down --data "$DATA"
                """, in: scratch)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("\nfree\n"))
            #expect(!outcome.output.contains(scratch + "/other"), "\(outcome.output)")
        }
    }

    @Test("an up that is refused leaves no directory behind")
    func refused() async throws {
        try await withScratch { scratch in
            let run = try SupervisedRun(data: scratch + "/first", binaries: try FakeServices(in: scratch).directory)
            try await run.whileUp {
                let outcome = try await bash(
                    "\"$SUPERVISOR\" up --data \"$DATA\" --port-base \"$BASE\"", in: scratch, base: run.portBase)
                #expect(outcome.status == 1)
                #expect(outcome.errors.contains("is taken by"))
            }
            #expect(!FileManager.default.fileExists(atPath: scratch + "/data"))
        }
    }

    @Test(
        "a name that not every program can carry is refused before anything is made",
        arguments: ["$'\\xff\\xfe'", "$'a\\nb'", "''"])
    func names(name: String) async throws {
        try await withScratch { scratch in
            let outcome = try await bash(
                "mkdir \"$SCRATCH/w\" && cd \"$SCRATCH/w\" && \"$SUPERVISOR\" up --data \(name) --port-base $BASE",
                in: scratch)
            #expect(outcome.status == 2, "\(outcome.errors)")
            #expect(["is not UTF-8", "control characters", "an empty path"].contains { outcome.errors.contains($0) })
            #expect(try FileManager.default.contentsOfDirectory(atPath: scratch + "/w").isEmpty)
        }
    }

    @Test("what does not fit on a full disk is a failure", arguments: ["status", "status --json", "--help", "logs"])
    func fullDisk(arguments: String) async throws {
        try await withScratch { scratch in
            let outcome = try await bash(
                """
                mkdir -p "$DATA/logs" && echo line >"$DATA/logs/order-service.log"
                "$SUPERVISOR" \(arguments) --data "$DATA" >/dev/full; echo $?
                """, in: scratch)
            #expect(outcome.output != "0\n", "\(outcome.errors)")
            #expect(!outcome.errors.isEmpty)
        }
    }

    @Test(
        "another user is told what is closed, not that a supervisor runs", .enabled(if: geteuid() == 0, "needs root"),
        arguments: ["up --port-base $BASE", "down", "status", "restart order", "logs"])
    func anotherUser(verb: String) async throws {
        try await withScratch { scratch in
            let outcome = try await bash(
                """
                mkdir -p "$DATA/run" && touch "$DATA/run/supervisor.lock"
                chmod 755 "$SCRATCH" "$SCRATCH/bin" && chmod 700 "$DATA"
                setpriv --reuid 65534 --regid 65534 --clear-groups "$SUPERVISOR" \(verb) --data "$DATA"
                """, in: scratch)
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("Permission denied"), "\(outcome.errors)")
            #expect(!outcome.errors.contains("runs on"), "\(outcome.errors)")
            #expect(!outcome.errors.contains("just starting"), "\(outcome.errors)")
        }
    }

    @Test("containers-test without podman says what to type", .enabled(if: geteuid() == 0, "needs root"))
    func noPodman() async throws {
        try await withScratch { scratch in
            let outcome = try await bash(
                """
                mkdir "$SCRATCH/path"
                find /usr/bin /usr/sbin -maxdepth 1 ! -name podman ! -name apt-get -exec ln -s -t "$SCRATCH/path" {} + 2>/dev/null
                printf '#!/bin/sh\\nexit 1\\n' >"$SCRATCH/path/apt-get" && chmod +x "$SCRATCH/path/apt-get"
                PATH=$SCRATCH/path TMPDIR=$SCRATCH "${SUPERVISOR%/*}/containers-test"
                """, in: scratch)
            #expect(outcome.status == 4)
            #expect(outcome.errors.contains("missing: podman"), "\(outcome.errors)")
            #expect(outcome.errors.contains("type: apt-get update && apt-get install podman"), "\(outcome.errors)")
        }
    }

    @Test("a directory that was taken away: status and down find the processes, up and restart begin nothing")
    func taken() async throws {
        try await withScratch { scratch in
            let run = try SupervisedRun(data: scratch + "/data", binaries: try FakeServices(in: scratch).directory)
            for replacement in ["true", "mkdir \"$DATA\"", "cp -a \"$DATA-2\" \"$DATA\""] {
                let up = try await run.supervisor("up")
                #expect(up.status == 0, "\(up.errors)")
                let before = try await run.status()
                #expect(try await bash("mv \"$DATA\" \"$DATA-2\" && \(replacement)", in: scratch).status == 0)
                let status = try await run.status()
                #expect(status.supervisor?.pid == before.supervisor?.pid)
                #expect(status.services.map(\.pid) == before.services.map(\.pid))
                #expect(status.services.allSatisfy { $0.state == "lost" })
                #expect(status["analytics-service"]?.ports == ["admin": run.portBase + 5])
                for verb in ["up", "restart"] {
                    let refused = try await run.supervisor(verb, verb == "up" ? "--foreground" : "order")
                    #expect(refused.status == 1)
                    #expect(refused.errors.contains("was removed or replaced while supervisor"), "\(refused.errors)")
                }
                let down = try await run.supervisor("down")
                #expect(down.status == 0, "\(down.errors)")
                #expect(run.processes.isEmpty, "left behind: \(run.processes)")
                #expect(FileManager.default.fileExists(atPath: run.data) == (replacement != "true"))
                #expect(try await bash("rm -rf \"$DATA\" \"$DATA-2\"", in: scratch).status == 0)
            }
        }
    }

    @Test("who dies while the directory is away is not started in an empty one: all is stopped")
    func notBegunAnew() async throws {
        try await withScratch { scratch in
            let run = try SupervisedRun(data: scratch + "/data", binaries: try FakeServices(in: scratch).directory)
            #expect(try await run.supervisor("up").status == 0)
            let order = try run.pid("order-service")
            #expect(try await bash("rm -rf \"$DATA\" && mkdir \"$DATA\"", in: scratch).status == 0)
            kill(order, SIGKILL)
            try await waitUntil("all have ended") { run.processes.isEmpty }
            #expect(try FileManager.default.contentsOfDirectory(atPath: run.data).isEmpty)
        }
    }

    @Test("a service that says its data was replaced is not started again")
    func replaced() async throws {
        try await withScratch { scratch in
            let fakes = try FakeServices(in: scratch)
            let run = try SupervisedRun(data: scratch + "/data", binaries: fakes.directory)
            #expect(try await run.supervisor("up").status == 0)
            try fakes.tell("order-service", "exit 72", in: run.data)
            kill(try run.pid("order-service"), SIGKILL)
            try await waitUntil("all have ended") { run.processes.isEmpty }
            #expect(run.log("supervisor").contains("nothing is started on what is there now"))
        }
    }
}
