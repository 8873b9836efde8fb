import Foundation
import Testing

/// `docker-compose.yml` as it is meant: anchors put in, values as they stand.
struct ComposeFile: Decodable {
    struct Container: Decodable {
        var entrypoint: [String]
        var user: String?
        var volumes: [String]
        var ports: [String]?
        var networks: [String]?
        var environment: [String: String]?
        var restart: String?
        var stopGracePeriod: String?
        var readOnly: Bool?
        var capDrop: [String]?
        var securityOpt: [String]?
        /// Every key there is, for those that must not be there.
        var keys: Set<String> = []

        private enum CodingKeys: String, CodingKey {
            case entrypoint, user, volumes, ports, networks, environment, restart
            case stopGracePeriod = "stop_grace_period"
            case readOnly = "read_only"
            case capDrop = "cap_drop"
            case securityOpt = "security_opt"
        }

        var mounts: [Mount] { volumes.map(Mount.init) }
    }

    /// `VOLUME:TARGET`, or with `:ro`.
    struct Mount: Hashable, CustomStringConvertible {
        let volume: String
        /// Below the data directory; empty for the directory itself, nil for a place elsewhere.
        let target: String?
        let isReadOnly: Bool
        let description: String

        static let data = "/shop/.stampede"

        init(_ text: String) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            description = text
            volume = parts[0]
            let place = parts.count > 1 ? parts[1] : ""
            if place == Self.data {
                target = ""
            } else {
                target = place.hasPrefix(Self.data + "/") ? String(place.dropFirst(Self.data.count + 1)) : nil
            }
            isReadOnly = parts.dropFirst(2).first == "ro"
        }
    }

    var services: [String: Container]
    var volumes: Set<String>

    private enum CodingKeys: String, CodingKey {
        case services
    }

    init(from decoder: any Decoder) throws {
        services = try decoder.container(keyedBy: CodingKeys.self).decode([String: Container].self, forKey: .services)
        volumes = []
    }

    /// Debian's Python reads YAML for us.
    static func read() async throws -> ComposeFile {
        let program = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))"
        let outcome = try await runProgram(
            "/usr/bin/python3", ["-c", program, Project.root + "/docker-compose.yml"])
        try #require(outcome.status == 0, "Python's yaml is needed (Scripts/setup --tests): \(outcome.errors)")
        let data = Data(outcome.output.utf8)
        var file = try JSONDecoder().decode(ComposeFile.self, from: data)
        let plain = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        file.volumes = Set(try #require(plain["volumes"] as? [String: Any]).keys)
        for (name, container) in try #require(plain["services"] as? [String: [String: Any]]) {
            file.services[name]?.keys = Set(container.keys)
        }
        return file
    }

    func container(_ name: String) throws -> Container {
        try #require(services[name], "docker-compose.yml has no container \(name)")
    }
}
