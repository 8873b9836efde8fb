import Audit
import Contracts
import Foundation

/// The processes of a run.
struct Program: Hashable {
    let name: String
    /// Nil for the gateway, which is outside and consumes nothing.
    let service: ServiceName?

    static let gateway = Program(name: "payment-gateway", service: nil)
    static let all = [gateway] + ServiceName.allCases.map { Program(name: $0.rawValue + "-service", service: $0) }

    static func of(_ service: ServiceName) -> Program { Program(name: service.rawValue + "-service", service: service) }

    /// Where its database lies, and the lock it holds for its life.
    func databaseDirectory(_ data: DataDirectory) -> String {
        "\(data.path)/db/\(service?.rawValue ?? name)"
    }

    func database(_ data: DataDirectory) -> String {
        "\(databaseDirectory(data))/\(service?.rawValue ?? name).db"
    }
}

/// What the supervisor writes under `run/`: pids, states, ports.
struct RunDirectory {
    let data: DataDirectory
    private let states: [String: (state: String, restarts: Int?)]
    private let environment: [String: Int]
    let supervisor: LiveProcess?

    init(_ data: DataDirectory) {
        self.data = data
        supervisor = Self.pid(data, "supervisor").flatMap { LiveProcess(pid: $0, program: "supervisor") }
        states = supervisor == nil ? [:] : Self.states(data)
        environment = Self.environment(data)
    }

    var hasPidFiles: Bool {
        // Without the directory there are none.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: data.run)) ?? []
        return names.contains { $0.hasSuffix(".pid") }
    }

    // MARK: - Processes

    func process(_ program: Program) -> LiveProcess? {
        if let pid = Self.pid(data, program.name), let process = LiveProcess(pid: pid, program: program.name) {
            return process
        }
        return LiveProcess.lockHolder(of: program.databaseDirectory(data)).flatMap {
            LiveProcess(pid: $0, program: program.name)
        }
    }

    /// Whether it lives: also where its process cannot be seen, in a container of its own, by the lock that it holds.
    func isRunning(_ program: Program, _ process: LiveProcess?) -> Bool {
        process != nil || EvidenceDatabase(path: program.database(data)).ownerRuns()
    }

    /// `running`, `stopped`, `died` (its pid file is there, it is not), or what the supervisor says it is at.
    func state(_ program: Program, _ process: LiveProcess?) -> String {
        if isRunning(program, process) { return states[program.name]?.state ?? "running" }
        if let stated = states[program.name]?.state, stated != "running" { return stated }
        return Self.pid(data, program.name) == nil ? "stopped" : "died"
    }

    func restarts(_ program: Program) -> Int? { states[program.name]?.restarts }

    private static func pid(_ data: DataDirectory, _ name: String) -> Int32? {
        DataDirectory.text("\(data.run)/\(name).pid", limit: 32).flatMap {
            Int32($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    /// Lines `service pid state restarts`.
    private static func states(_ data: DataDirectory) -> [String: (state: String, restarts: Int?)] {
        var states: [String: (String, Int?)] = [:]
        for line in (DataDirectory.text(data.run + "/supervisor.state") ?? "").split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count == 4 { states[String(fields[0])] = (String(fields[2]), Int(fields[3])) }
        }
        return states
    }

    // MARK: - Ports

    private static let portVariables: [(variable: String, program: String, role: String)] = [
        ("STAMPEDE_CHECKOUT_PORT", "order-service", "checkout"),
        ("STAMPEDE_ORDER_ADMIN_PORT", "order-service", "admin"),
        ("STAMPEDE_INVENTORY_ADMIN_PORT", "inventory-service", "admin"),
        ("STAMPEDE_PAYMENT_ADMIN_PORT", "payment-service", "admin"),
        ("STAMPEDE_NOTIFICATION_ADMIN_PORT", "notification-service", "admin"),
        ("STAMPEDE_ANALYTICS_ADMIN_PORT", "analytics-service", "admin"),
        ("STAMPEDE_GATEWAY_PORT", "payment-gateway", "gateway"),
    ]

    /// Those that the run was started with.
    func ports(_ program: Program) -> [(role: String, port: Int)] {
        Self.portVariables.filter { $0.program == program.name }.compactMap { row in
            environment[row.variable].map { (row.role, $0) }
        }
    }

    /// Where a service's admin surface listens: by the environment, else as the run was started, else by default.
    ///
    /// - Throws: `Failure.noPort`.
    func adminPort(of service: ServiceName) throws -> Int {
        try port("STAMPEDE_\(service.rawValue.uppercased())_ADMIN_PORT")
            ?? Self.firstAdminPort + (ServiceName.allCases.firstIndex(of: service) ?? 0)
    }

    /// By the environment, else as the run was started; nil where neither says.
    private func port(_ variable: String) throws -> Int? {
        guard let text = ProcessInfo.processInfo.environment[variable], !text.isEmpty else {
            return environment[variable]
        }
        guard let port = Int(text), (1...65_535).contains(port) else {
            throw Failure.noPort(variable: variable, value: text)
        }
        return port
    }

    private static let firstAdminPort = 9101

    /// Where a service's admin surface is called.
    ///
    /// - Throws: `Failure.noPort`, `.noHost`.
    func adminPlace(of service: ServiceName) throws -> ServicePlace {
        ServicePlace(host: try ServicePlace.hosts().host(of: service), port: try adminPort(of: service))
    }

    /// Where a program answers to `/health`.
    ///
    /// - Throws: `Failure.noPort`, `.noHost`.
    func healthPlace(of program: Program) throws -> ServicePlace {
        if let service = program.service { return try adminPlace(of: service) }
        return ServicePlace(
            host: try ServicePlace.hosts().host(of: program.name),
            port: try port("STAMPEDE_GATEWAY_PORT") ?? Self.gatewayPort)
    }

    private static let gatewayPort = 8090

    private static func environment(_ data: DataDirectory) -> [String: Int] {
        var ports: [String: Int] = [:]
        for line in (DataDirectory.text(data.run + "/environment") ?? "").split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2, let port = Int(parts[1]), (1...65_535).contains(port) {
                ports[String(parts[0])] = port
            }
        }
        return ports
    }
}
