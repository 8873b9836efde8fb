import Foundation
import ProcessSettings
import Testing
import TestSupport

/// Every setting, wrong in every way, in every place, told to the programs as they are run.
@Suite("A wrong configuration starts nothing", .timeLimit(.minutes(5)))
struct ConfigurationTests {
    /// Where a value can stand.
    private enum Place: CaseIterable {
        case file, environment, argument
    }

    private struct Mistake: Sendable {
        let arguments: [String]
        let environment: [String: String]
        /// What the refusal must say: place and name.
        let said: [String]
    }

    /// Starts side by side: a refused start is over in a moment.
    private static let lanes = 4

    @Test("each setting: of the wrong type, out of its range, misspelt; refused by name and place, with exit code 2")
    func everySetting() async throws {
        try await withTemporaryDirectory { directory in
            let data = directory + "/data"
            var tries: [(program: String, Mistake)] = []
            for (number, setting) in Settings.definitions.enumerated() {
                for (way, (name, json)) in Self.wrongWays(setting).enumerated() {
                    // Over the settings, each way meets each place and each program.
                    let place = Place.allCases[(number + way) % 3]
                    let program = SupervisedRun.services[(number / 3 + way) % SupervisedRun.services.count]
                    let file = "\(directory)/\(number)-\(way).json"
                    tries.append((program, try Self.mistake(setting, name, json, place, file)))
                }
            }
            #expect(tries.count == 3 * Settings.definitions.count)
            let lanes = Lanes(Self.lanes)
            try await withThrowingTaskGroup { group in
                for (program, mistake) in tries {
                    group.addTask {
                        try await lanes.run { try await Self.expectRefused(program, mistake, data) }
                    }
                }
                try await group.waitForAll()
            }
            #expect(!FileManager.default.fileExists(atPath: data), "somebody made \(data)")
        }
    }

    /// The name and, as JSON, the value of each wrong way.
    private static func wrongWays(_ setting: SettingDefinition) -> [(name: String, json: String)] {
        let (type, range) =
            switch setting.kind {
            case .whole(let range): ("\"many\"", "\(range.upperBound + 1)")
            case .number(let range): ("\"half\"", "\(range.upperBound + 0.5)")
            case .choice: ("12", "\"purple\"")
            case .address: ("true", "\"10.0.0.256\"")
            case .host: ("[]", "\"-gateway-\"")
            case .hostPattern: ("[]", "\"{shop}.example\"")
            case .hosts: ("[]", "\"shop.example,\"")
            case .mailAddress: ("null", "\"nobody\"")
            case .collector: ("4318", "\"ftp://collector:1\"")
            }
        var letters = Array(setting.name)
        letters.swapAt(letters.count - 1, letters.count - 2)
        return [(setting.name, type), (setting.name, range), (String(letters), fallback(setting))]
    }

    private static func fallback(_ setting: SettingDefinition) -> String {
        switch setting.kind {
        case .whole, .number: setting.fallback
        default: "\"\(setting.fallback)\""
        }
    }

    private static func mistake(
        _ setting: SettingDefinition, _ name: String, _ json: String, _ place: Place, _ file: String
    ) throws -> Mistake {
        let isMisspelt = name != setting.name
        // Without its quotes; a type that only a file tells apart is a wrong text elsewhere.
        let text = json.trimmingCharacters(in: ["\""])
        switch place {
        case .file:
            try "{\n  \"\(name)\": \(json)\n}\n".write(toFile: file, atomically: true, encoding: .utf8)
            return Mistake(
                arguments: ["--config", file], environment: [:],
                said: ["\(file):2: ", isMisspelt ? "did you mean \(setting.name)?" : "\(name) is '"])
        case .environment:
            let variable =
                SettingDefinition.prefix + String(name.map { ".-".contains($0) ? "_" : $0 }).uppercased()
            return Mistake(
                arguments: [], environment: [variable: text],
                said: ["\(variable): ", isMisspelt ? "did you mean \(setting.variable)?" : "\(name) is '\(text)'"])
        case .argument:
            return Mistake(
                arguments: ["--set", "\(name)=\(text)"], environment: [:],
                said: ["--set \(name): ", isMisspelt ? "did you mean \(setting.name)?" : "\(name) is '\(text)'"])
        }
    }

    private static func expectRefused(_ program: String, _ mistake: Mistake, _ data: String) async throws {
        let outcome = try await runProgram(
            "\(Project.binaries)/\(program)", ["--data", data] + mistake.arguments, environment: mistake.environment)
        let tried = "\(program) \(mistake.arguments) \(mistake.environment): \(outcome.errors)"
        #expect(outcome.status == 2, "\(tried)")
        #expect(outcome.errors.contains("1 mistake,"), "\(tried)")
        for text in mistake.said { #expect(outcome.errors.contains(text), "\(tried)") }
    }

    @Test("--print-config shows values and places and starts nothing, in every program")
    func printed() async throws {
        try await withTemporaryDirectory { directory in
            for program in SupervisedRun.services {
                let arguments = ["--data", directory + "/data", "--print-config", "--set", "log.level=debug"]
                let environment = ["STAMPEDE_STOP_SECONDS": "7"]
                let text = try await runProgram(
                    "\(Project.binaries)/\(program)", arguments, environment: environment)
                #expect(text.status == 0 && text.errors.isEmpty, "\(program): \(text.errors)")
                #expect(text.output.contains(/\nlog\.level +debug +--set log\.level\n/), "\(program): \(text.output)")
                #expect(text.output.contains(/\nstop\.seconds +7 +STAMPEDE_STOP_SECONDS\n/))
                let json = try await runProgram(
                    "\(Project.binaries)/\(program)", arguments + ["--json"], environment: environment)
                let rows = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: String]]
                #expect(rows?.count == Settings.definitions.count)
                #expect(rows?.contains { $0["key"] == "stop.seconds" && $0["source"] == "environment" } == true)
            }
            #expect(!FileManager.default.fileExists(atPath: directory + "/data"))
        }
    }

    @Test("the supervisor refuses a wrong configuration before it starts anything, and takes ports from a file")
    func supervisor() async throws {
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data")
            let file = directory + "/shop.json"
            try #"{"log": {"level": "loud"}, "checkout.prot": 1}"#.write(
                toFile: file, atomically: true, encoding: .utf8)
            let refused = try await run.supervisor("up", "--config", file)
            #expect(refused.status == 2)
            #expect(refused.errors.contains("\(file):1: log.level is 'loud'"), "\(refused.errors)")
            #expect(refused.errors.contains("did you mean checkout.port?"))
            #expect(run.processes.isEmpty)
            #expect(!FileManager.default.fileExists(atPath: run.data + "/db"))

            let port = run.portBase + 50
            try #"{"checkout.port": \#(port)}"#.write(toFile: file, atomically: true, encoding: .utf8)
            // The ports of the base are settings of the environment, which is stronger: all but the one of the file.
            let ports = ["order": 1, "inventory": 2, "payment": 3, "notification": 4, "analytics": 5]
            var environment = ["STAMPEDE_GATEWAY_PORT": "\(run.portBase + 90)"]
            for (service, offset) in ports {
                environment["STAMPEDE_\(service.uppercased())_ADMIN_PORT"] = "\(run.portBase + offset)"
            }
            let up = try await runProgram(
                Project.root + "/Scripts/supervisor",
                ["up", "--data", run.data, "--bin", run.binaries, "--config", file], environment: environment)
            #expect(up.status == 0, "\(up.errors)")
            #expect(await HTTP.send("GET", port: port, "/v1/products")?.status == 200)
            #expect(try await run.status()["order-service"]?.ports["checkout"] == port)
            #expect(try await run.supervisor("down").status == 0)
        }
    }
}
