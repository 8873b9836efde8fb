import Foundation
import Synchronization
import Testing
import TestSupport

@testable import payment_gateway

@Suite("The executable", .timeLimit(.minutes(5)))
struct GatewayProcessTests {
    @Test("what was answered before kill -9 is answered the same after it")
    func killed() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path
        try await blocking {
            let arguments = ["--data", path, "--port", "0", "--delay-milliseconds", "2", "--jitter-milliseconds", "2"]
            var answers: [Int: Data] = [:]
            for round in 0..<3 {
                let gateway = try GatewayProcess(arguments)
                let port = try gateway.port()
                for (number, body) in answers {
                    let again = try LoopbackClient(port: port).call(
                        "POST", "/v1/payment_intents", key: "charge:\(number)", body: chargeBody(order: "\(number)"))
                    #expect(again.body == body, "charge \(number) after kill \(round)")
                }
                let clients = try (0..<32).map { _ in try LoopbackClient(port: port) }
                for (number, client) in clients.enumerated() {
                    let number = round * 100 + number
                    try client.send(
                        "POST", "/v1/payment_intents", key: "charge:\(number)", body: chargeBody(order: "\(number)"))
                }
                for (number, client) in clients.prefix(20).enumerated() {
                    answers[round * 100 + number] = try client.receive().body
                }
                #expect(gateway.end(signal: SIGKILL).code == SIGKILL)
            }
            #expect(answers.count == 60)
        }
        let entries = try ledgerEntries(in: directory)
        #expect(entries.count >= 60)
        #expect(Set(entries).count == entries.count)
    }

    @Test(
        "SIGTERM and SIGINT end it with 0 after the calls under way, idle connections or not",
        arguments: [SIGTERM, SIGINT])
    func stopped(signal: Int32) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path
        try await blocking {
            let gateway = try GatewayProcess(
                ["--data", path, "--port", "0", "--delay-milliseconds", "300", "--jitter-milliseconds", "0"])
            let port = try gateway.port()
            let idle = try LoopbackClient(port: port)
            #expect(try idle.call("GET", "/health/live").status == 200)
            let busy = try LoopbackClient(port: port)
            try busy.send("POST", "/v1/payment_intents", key: "charge:1", body: chargeBody())
            while !String(decoding: try idle.call("GET", "/metrics").body, as: UTF8.self)
                .contains("payment_gateway_in_flight 1\n")
            {}
            kill(gateway.process.processIdentifier, signal)
            #expect(try busy.receive().status == 200)
            #expect(gateway.end().code == 0)
        }
        #expect(try ledgerEntries(in: directory) == ["capture charge:1 1999"])
    }

    @Test("what a killed gateway may not have synced is written once more and synced before the ledger is opened")
    func formerWrites() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path
        let calls = try await blocking {
            let arguments = ["--data", path, "--port", "0", "--delay-milliseconds", "0", "--jitter-milliseconds", "0"]
            let first = try GatewayProcess(arguments)
            let client = try LoopbackClient(port: try first.port())
            #expect(
                try client.call("POST", "/v1/payment_intents", key: "charge:1", body: chargeBody()).status == 200)
            _ = first.end(signal: SIGKILL)

            let trace = path + "/trace"
            let second = try GatewayProcess(
                arguments, under: ["strace", "-f", "-y", "-e", "trace=openat,pwrite64,fdatasync", "-o", trace])
            _ = try second.port()
            // Told to strace's child: strace itself passes on no signal.
            let gateway = try #require(try String(contentsOfFile: trace, encoding: .utf8).split(separator: " ").first)
            kill(try #require(pid_t(gateway)), SIGTERM)
            #expect(second.end().code == 0)
            return try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
        }
        let opened = try #require(calls.firstIndex { $0.contains("payment-gateway.db\", O_RDWR") })
        let before = calls[..<opened].filter { $0.contains("payment-gateway.db-wal>") }
        #expect(before.contains { $0.contains("pwrite64") })
        #expect(try #require(before.last).contains("fdatasync"))
    }

    @Test("a directory that was let go is free, whatever still holds its descriptor")
    func released() throws {
        let directory = try TemporaryDirectory()
        let first = try DataDirectory(dataDirectory: directory.path)
        #expect(throws: DataDirectoryInUse.self) { try DataDirectory(dataDirectory: directory.path) }
        first.release()
        #expect(throws: Never.self) { try DataDirectory(dataDirectory: directory.path) }
        withExtendedLifetime(first) {}
    }

    @Test("a directory that is refused closes no descriptor but its own")
    func refusedAlone() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path
        let first = try DataDirectory(dataDirectory: path)
        let isOver = Mutex(false)
        // Somebody else of this process, whose descriptors get the numbers that the refused one just gave back.
        async let lost = blocking {
            var lost = 0
            while !isOver.withLock({ $0 }) {
                let mine = open("/dev/null", O_RDONLY | O_CLOEXEC)
                if close(mine) != 0 { lost += 1 }
            }
            return lost
        }
        try await blocking {
            for _ in 0..<20_000 {
                #expect(throws: DataDirectoryInUse.self) { try DataDirectory(dataDirectory: path) }
            }
        }
        isOver.withLock { $0 = true }
        #expect(try await lost == 0)
        withExtendedLifetime(first) {}
    }

    @Test("a second gateway on the same data directory is refused at once, by name")
    func second() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path
        try await blocking {
            let first = try GatewayProcess(["--data", path, "--port", "0"])
            _ = try first.port()
            let second = try GatewayProcess(["--data", path, "--port", "0"]).end()
            #expect(second.code == Main.directoryInUseExitCode)
            #expect(second.text.contains(path + "/db/payment-gateway"))
            #expect(first.end(signal: SIGTERM).code == 0)
        }
    }

    @Test(
        "a command line that makes no sense ends with 2 and says why",
        arguments: [
            (["--nonsense"], "--nonsense"), (["--port", "65536"], "--port"), (["--port", "x"], "--port"),
            (["--error-rate", "1.5"], "--error-rate"), (["--decline-rate", "nan"], "--decline-rate"),
            (["--lost-answer-rate=-1"], "--lost-answer-rate"), (["--delay-milliseconds=-1"], "--delay-milliseconds"),
            (["--max-concurrent-calls", "0"], "--max-concurrent-calls"), (["--data", ""], "--data"),
        ])
    func usage(arguments: [String], name: String) async throws {
        let end = try await blocking { try GatewayProcess(arguments).end() }
        #expect(end.code == 2)
        #expect(end.text.contains(name))
    }

    @Test("a port in the environment that is none is named")
    func environment() async throws {
        let end = try await blocking {
            try GatewayProcess([], environment: ["STAMPEDE_GATEWAY_PORT": "eighty"]).end()
        }
        #expect(end.code == 2)
        #expect(end.text.contains("STAMPEDE_GATEWAY_PORT"))
    }
}
