import Foundation

/// A data directory under `Scripts/supervisor`: with the real programs, or with others of the same names.
struct SupervisedRun: Sendable {
    static let services = [
        "payment-gateway", "order-service", "inventory-service", "payment-service", "notification-service",
        "analytics-service",
    ]

    let data: String
    let binaries: String
    let portBase: Int

    init(data: String, binaries: String = Project.binaries) throws {
        self.data = data
        self.binaries = binaries
        portBase = try FreePorts.base()
    }

    /// `Scripts/supervisor VERB … --data DATA`, with programs and ports where the verb takes them.
    func supervisor(
        _ verb: String, _ more: String..., environment: [String: String] = [:]
    ) async throws -> Outcome {
        try await supervisor(verb, more, environment: environment)
    }

    private func supervisor(
        _ verb: String, _ more: [String], environment: [String: String] = [:]
    ) async throws -> Outcome {
        var arguments = [verb] + more + ["--data", data]
        if verb == "up" { arguments += ["--bin", binaries, "--port-base", "\(portBase)"] }
        return try await runProgram(
            Project.root + "/Scripts/supervisor", arguments, environment: environment)
    }

    /// Starts everything, runs `body`, and stops everything whatever happened in it.
    /// - Parameters:
    ///   - more: for `up`, such as `--test-faults`.
    ///   - environment: for `up`, such as `STAMPEDE_GATEWAY_ARGUMENTS`.
    func whileUp(
        _ more: String..., environment: [String: String] = [:], _ body: () async throws -> Void
    ) async throws {
        try await whileUp(options: more, environment: environment, body)
    }

    func whileUp(
        options more: [String], environment: [String: String] = [:], _ body: () async throws -> Void
    ) async throws {
        let up = try await supervisor("up", more, environment: environment)
        guard up.status == 0 else { throw TookTooLong(description: "up: exit code \(up.status)\n\(up.errors)") }
        do {
            try await body()
        } catch {
            _ = try await supervisor("down")
            throw error
        }
        _ = try await supervisor("down")
    }

    /// What makes its bearer the operator of this run.
    var operatorToken: String {
        get throws { try Self.operatorToken(of: data) }
    }

    static func operatorToken(of data: String) throws -> String {
        try String(contentsOfFile: data + "/operator.token", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Puts one product on sale.
    func stock() async throws {
        let product = #"{"products":[{"productId":"P-1","name":"Mug","price":{"amount":1999,"currency":"GBP"}}]}"#
        let pieces = #"{"key":"first","stock":[{"productId":"P-1","available":100}]}"#
        for (port, path, body) in [(1, "/admin/products", product), (2, "/admin/stock", pieces)] {
            let answer = await HTTP.send(
                "PUT", port: portBase + port, path, token: try operatorToken, body: body)
            guard answer?.status == 200 else { throw TookTooLong(description: "\(path) answers \(answer as Any)") }
        }
    }

    /// Orders one piece of it.
    func order(_ key: String) async throws -> HTTP.Answer? {
        await HTTP.send(
            "POST", port: portBase, "/v1/orders", key: key,
            body: """
                {"customerId":"c-1","email":"ann@example.test","currency":"GBP","cardToken":"tok_visa",
                 "lines":[{"productId":"P-1","quantity":1}]}
                """)
    }

    /// What `status --json` says.
    func status() async throws -> Status {
        try JSONDecoder().decode(Status.self, from: Data(try await supervisor("status", "--json").output.utf8))
    }

    struct Status: Decodable {
        struct Supervisor: Decodable {
            let pid: Int32
        }

        struct Service: Decodable {
            let name: String
            let pid: Int32?
            let state: String
            let ports: [String: Int]
            let metrics: String
            let restarts: Int
        }

        let data: String
        let supervisor: Supervisor?
        let services: [Service]

        var allRunning: Bool { services.allSatisfy { $0.state == "running" } }

        subscript(name: String) -> Service? { services.first { $0.name == name } }
    }

    /// A line of `run/supervisor.state`.
    struct State {
        let name: String
        let state: String
        let restarts: Int
    }

    /// The states as `status` takes them from its file; for a test that asks often, and cannot start a shell each time.
    func states() throws -> [State] {
        let text = try String(contentsOfFile: data + "/run/supervisor.state", encoding: .utf8)
        return text.split(separator: "\n").map { line in
            // NAME PID STATE RESTARTS
            let fields = line.split(separator: " ").map(String.init)
            return State(name: fields[0], state: fields[2], restarts: Int(fields[3]) ?? 0)
        }
    }

    /// Waits until every service runs, and returns what `status` says then.
    @discardableResult
    func waitUntilAllRun() async throws -> Status {
        var latest = try await status()
        try await waitUntil("all services run") {
            latest = try await status()
            return latest.allRunning
        }
        return latest
    }

    /// The process that a pid file names, such as "order-service" or "supervisor".
    func pid(_ name: String) throws -> Int32 {
        let text = try String(contentsOfFile: "\(data)/run/\(name).pid", encoding: .utf8)
        guard let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw TookTooLong(description: "\(name).pid holds no number: '\(text)'")
        }
        return pid
    }

    /// The processes that work on this data directory.
    var processes: [ProcessTable.Entry] { ProcessTable.mentioning(data) }

    func log(_ name: String) -> String {
        (try? String(contentsOfFile: "\(data)/logs/\(name).log", encoding: .utf8)) ?? ""
    }
}
