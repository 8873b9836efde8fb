import Contracts
import Foundation
import Testing
import TestSupport

/// Dockerfile and docker-compose.yml, held against what the code calls its topics, databases, programs and ports.
@Suite("The containers give each service its own, and nothing else", .timeLimit(.minutes(5)))
struct ContainerFilesTests {
    /// Those that look, and the one that makes the token, are the operator's.
    private static let operators = ["stampede", "flash-sale", "operator-token"]
    private static let gateway = "payment-gateway"

    private static func name(_ service: ServiceName) -> String { "\(service.rawValue)-service" }

    private static var topics: Set<String> {
        Set(ServiceName.allCases.flatMap { ["log/\($0.topic.name)", "log/\($0.deadLetterTopic.name)"] })
    }

    /// What a service may write, below the data directory.
    private static func own(_ service: ServiceName) -> Set<String> {
        let files: Set = [
            "log/\(service.topic.name)", "log/\(service.deadLetterTopic.name)", "db/\(service.rawValue)",
        ]
        return service == .notification ? files.union(["mail"]) : files
    }

    @Test("a service writes its own topics and database, reads all other topics, and has no other database")
    func mounts() async throws {
        let file = try await ComposeFile.read()
        for service in ServiceName.allCases {
            let mounts = try file.container(Self.name(service)).mounts
            let written = Set(mounts.filter { !$0.isReadOnly }.map(\.target))
            let read = Set(mounts.filter(\.isReadOnly).map(\.target))
            #expect(written == Set(Self.own(service).map(Optional.some)), "\(service) writes")
            #expect(
                read == Set(Self.topics.subtracting(Self.own(service)).map(Optional.some) + [""]), "\(service) reads")
        }
        let gateway = try file.container(Self.gateway).mounts
        #expect(gateway.map(\.description) == ["db-payment-gateway:/shop/.stampede/db/payment-gateway"])
    }

    /// Or else a topic would be mounted for writing under another name.
    @Test("a volume is mounted at one place everywhere, and a place is one volume")
    func oneVolumeOnePlace() async throws {
        let file = try await ComposeFile.read()
        var places: [String: String] = [:]
        for (name, container) in file.services {
            for mount in container.mounts {
                let target = try #require(mount.target, "\(name): \(mount) is not in the data directory")
                #expect(places[mount.volume, default: target] == target, "\(name): \(mount)")
                places[mount.volume] = target
            }
        }
        #expect(Set(places.values).count == places.count)
        #expect(Set(places.keys) == file.volumes)
    }

    @Test("whoever may see everything writes nothing of it")
    func onlookers() async throws {
        let file = try await ComposeFile.read()
        func written(_ name: String) throws -> [String?] {
            try file.container(name).mounts.filter { !$0.isReadOnly }.map(\.target)
        }
        #expect(try written("stampede").isEmpty)
        #expect(try written("flash-sale") == ["sale"])
        #expect(try written("operator-token") == [""])
        let seen = Set(try file.container("stampede").mounts.map(\.target))
        let databases = ServiceName.allCases.map { "db/\($0.rawValue)" } + ["db/payment-gateway"]
        #expect(seen == Set((Self.topics.union(databases).union(["mail", "sale", ""])).map(Optional.some)))
    }

    @Test(
        "no container is root, keeps a capability, can gain one, or can change its programs; no two services are one user"
    )
    func rights() async throws {
        let file = try await ComposeFile.read()
        var users: [String: String] = [:]
        for (name, container) in file.services {
            let user = try #require(container.user?.split(separator: ":").first.flatMap { Int($0) }, "\(name): user")
            #expect(user >= 10_000 && container.user == "\(user):10000", "\(name): \(user)")
            if Self.operators.contains(name) {
                #expect(user == 10_000, "\(name) is the operator")
            } else {
                #expect(users.updateValue(name, forKey: "\(user)") == nil, "\(name) and another are user \(user)")
            }
            #expect(container.readOnly == true, "\(name): read_only")
            #expect(container.capDrop == ["ALL"], "\(name): cap_drop")
            #expect(container.securityOpt == ["no-new-privileges:true"], "\(name): security_opt")
            let forbidden: Set = ["privileged", "cap_add", "pid", "ipc", "devices", "userns_mode", "group_add"]
            #expect(container.keys.isDisjoint(with: forbidden), "\(name)")
        }
    }

    @Test("a directory belongs in the image to the user who may write it in a container")
    func owners() async throws {
        let dockerfile = try String(contentsOfFile: Project.root + "/Dockerfile", encoding: .utf8)
        let words = Set(dockerfile.split(whereSeparator: { " \n;".contains($0) }).map(String.init))
        for (name, container) in try await ComposeFile.read().services {
            for mount in container.mounts where !mount.isReadOnly {
                let user = try #require(container.user?.split(separator: ":").first)
                #expect(words.contains("\(user):\(mount.target ?? "")"), "\(name): \(mount)")
            }
        }
    }

    @Test("every program that exists is in the image, and every container starts one of them")
    func programs() async throws {
        let programs = Set(try FileManager.default.contentsOfDirectory(atPath: Project.root + "/Sources/Programs"))
        let file = try await ComposeFile.read()
        for (name, container) in file.services {
            #expect(container.entrypoint == [name])
            #expect(programs.contains(name) || name == "operator-token")
        }
        let services = Set(ServiceName.allCases.map(Self.name))
        #expect(Set(file.services.keys) == services.union([Self.gateway]).union(Self.operators))

        // A stand-in for each: what is gathered is decided by the names alone.
        try await withTemporaryDirectory { directory in
            let (built, image) = (directory + "/built", directory + "/image")
            try FileManager.default.createDirectory(atPath: built, withIntermediateDirectories: true)
            for name in programs { try FileManager.default.copyItem(atPath: "/bin/true", toPath: "\(built)/\(name)") }
            let script = Project.root + "/Scripts/lib/container-programs"
            let outcome = try await runProgram(script, [built, image])
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(Set(try FileManager.default.contentsOfDirectory(atPath: image)) == programs)

            try FileManager.default.removeItem(atPath: built + "/stampede")
            let lacking = try await runProgram(script, [built, image])
            #expect(lacking.status == 1 && lacking.errors.contains("there is no stampede in"))
        }
    }

    @Test("this machine is listened on at loopback alone, at the ports that everything else knows")
    func ports() async throws {
        let file = try await ComposeFile.read()
        let table = try String(contentsOfFile: Project.root + "/Scripts/lib/services.bash", encoding: .utf8)
        let known = table.split(separator: "\n").compactMap {
            line -> (variable: String, program: String, port: String)? in
            let words = line.split(whereSeparator: { " \"".contains($0) }).map(String.init)
            return words.count == 5 && words[0].hasSuffix("_PORT") ? (words[0], words[1], words[3]) : nil
        }
        #expect(known.count == 7)
        for (name, container) in file.services {
            for port in container.ports ?? [] {
                #expect(
                    known.contains {
                        name == $0.program && port == "127.0.0.1:${\($0.variable):-\($0.port)}:\($0.port)"
                    },
                    "\(name): \(port)")
            }
        }
        #expect(try file.container("order-service").ports?.count == 1)
        #expect(try file.container("analytics-service").ports?.count == 1)
        // The gateway is Payment's alone.
        let neighbours = file.services.filter { $0.value.networks?.contains("acquirer") == true }.map(\.key)
        #expect(Set(neighbours) == [Self.gateway, "payment-service"])
    }

    @Test("no container waits for another; each service comes back, and has time to stop")
    func lives() async throws {
        let file = try await ComposeFile.read()
        for (name, container) in file.services {
            #expect(container.keys.isDisjoint(with: ["depends_on", "links", "volumes_from"]), "\(name)")
            guard !Self.operators.contains(name) else { continue }
            #expect(container.restart == "unless-stopped", "\(name)")
            // STAMPEDE_STOP_SECONDS is 10, and what hangs then is named in the log first.
            #expect(container.stopGracePeriod == "20s", "\(name)")
        }
    }
}
