import Contracts
import Delivery
import Foundation

/// A process of the run as the dashboard shows it, before anything else.
struct ProcessState: Encodable, Sendable {
    enum Look: String, Encodable, Sendable {
        /// It works, or it is wanted to rest.
        case good
        /// It works and wants to be looked at.
        case warning
        /// It does not work.
        case bad
    }

    let name: String
    /// `running`, `blocked`, `paused`, `no answer`, or what the supervisor says: `backoff`, `failed`, `stopped`, …
    let state: String
    let look: Look
    /// Why, and what to do; empty if all is well.
    let detail: String
    /// By the supervisor; `nil` if it cannot be asked.
    let restarts: Int?
    let deadLetters: Int64
}

/// What the supervisor writes under `run/`, for those who may read it.
struct SupervisorStates {
    private let states: [String: (state: String, restarts: Int)]

    /// - Parameter directory: `run/` of the data directory; `nil` if there is none.
    init(directory: String?) {
        guard let directory, let pid = Self.text(directory + "/supervisor.pid").flatMap({ Int32($0) }),
            FileManager.default.fileExists(atPath: "/proc/\(pid)"),
            let text = Self.text(directory + "/supervisor.state")
        else {
            states = [:]
            return
        }
        var states: [String: (String, Int)] = [:]
        for line in text.split(separator: "\n") {
            // NAME PID STATE RESTARTS
            let fields = line.split(separator: " ")
            if fields.count == 4, let restarts = Int(fields[3]) {
                states[String(fields[0])] = (String(fields[2]), restarts)
            }
        }
        self.states = states
    }

    subscript(program: String) -> (state: String, restarts: Int)? { states[program] }

    /// `nil` for a file that is not there or may not be read.
    private static func text(_ path: String) -> String? {
        (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// What a service answers to `GET /admin/status`, as far as the dashboard shows it.
struct AnsweredStatus: Decodable, Sendable {
    struct Pause: Decodable, Sendable {
        let actor: String
        let reason: String
    }

    struct Part: Decodable, Sendable {
        let part: String
        let reason: String
    }

    struct Breaker: Decodable, Sendable {
        let state: String
        let reason: String?
    }

    let service: ServiceName
    let paused: Pause?
    let standing: [Part]
    let breaker: Breaker?
    let testFaults: Bool
}

extension ProcessState {
    private static let gateway = "payment-gateway"

    /// Of every process, those that do not work first.
    ///
    /// - Parameter silent: services that gave no answer to the latest question.
    static func all(
        _ answers: [DeliverySurvey.Answer], statuses: [ServiceName: AnsweredStatus], silent: Set<ServiceName>,
        supervisor: SupervisorStates
    ) -> [ProcessState] {
        let letters = answers.reduce(into: [:]) { $0[$1.summary.service] = $1.summary.letters }
        let services = ServiceName.allCases.map { service in
            state(
                of: service, silent.contains(service) ? nil : statuses[service],
                isSilent: silent.contains(service), letters: letters[service] ?? 0, supervisor)
        }
        let all = [state(ofGateway: statuses[.payment]?.breaker, supervisor)] + services
        return all.filter { $0.look == .bad } + all.filter { $0.look == .warning } + all.filter { $0.look == .good }
    }

    private static func state(
        of service: ServiceName, _ status: AnsweredStatus?, isSilent: Bool, letters: Int64,
        _ supervisor: SupervisorStates
    ) -> ProcessState {
        let name = service.rawValue + "-service"
        let stated = supervisor[name]
        func made(_ state: String, _ look: Look, _ parts: [String?]) -> ProcessState {
            let restarts = (stated?.restarts ?? 0) > 0 ? "restarted \(stated?.restarts ?? 0) times" : nil
            let dead = letters > 0 ? "\(letters) dead letter\(letters == 1 ? "" : "s")" : nil
            let details = (parts + [dead, restarts]).compactMap(\.self)
            return ProcessState(
                name: name, state: state, look: look == .good && !details.isEmpty ? .warning : look,
                detail: details.joined(separator: "; "), restarts: stated?.restarts, deadLetters: letters)
        }
        if isSilent {
            let state = stated.map(\.state) ?? "running"
            return made(
                state == "running" ? "no answer" : state, .bad,
                [state == "stopped" || state == "failed" ? "Scripts/supervisor start \(service.rawValue)" : nil])
        }
        let parts = status?.standing ?? []
        if !parts.isEmpty { return made("blocked", .bad, parts.map { "\($0.part): \($0.reason)" }) }
        let breaker = status?.breaker.flatMap { breaker in
            breaker.state == "closed" ? nil : "breaker \(breaker.state)\(breaker.reason.map { ": \($0)" } ?? "")"
        }
        let faults = status?.testFaults == true ? "runs with --test-faults" : nil
        if let pause = status?.paused {
            return made("paused", .warning, ["by \(pause.actor): \(pause.reason)", breaker, faults])
        }
        return made("running", breaker == nil ? .good : .bad, [breaker, faults])
    }

    /// Known by what the supervisor says, and by Payment, which calls it.
    private static func state(ofGateway breaker: AnsweredStatus.Breaker?, _ supervisor: SupervisorStates)
        -> ProcessState
    {
        let stated = supervisor[gateway]
        let restarts = (stated?.restarts ?? 0) > 0 ? "restarted \(stated?.restarts ?? 0) times" : nil
        func made(_ state: String, _ look: Look, _ detail: String?) -> ProcessState {
            let details = [detail, restarts].compactMap(\.self)
            return ProcessState(
                name: gateway, state: state, look: look == .good && !details.isEmpty ? .warning : look,
                detail: details.joined(separator: "; "), restarts: stated?.restarts, deadLetters: 0)
        }
        if let state = stated?.state, state != "running" {
            return made(state, .bad, state == "starting" ? nil : "Scripts/supervisor start gateway")
        }
        if let breaker, breaker.state != "closed" { return made("no answer", .bad, "payment-service cannot reach it") }
        return stated == nil && breaker == nil
            ? made("not known", .warning, "nobody calls it yet") : made("running", .good, nil)
    }
}
