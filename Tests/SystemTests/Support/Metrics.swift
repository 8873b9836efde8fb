import Contracts

extension SupervisedRun {
    /// Where a service of this run answers operators.
    func adminPort(of service: ServiceName) -> Int {
        portBase + 1 + (ServiceName.allCases.firstIndex(of: service) ?? 0)
    }

    /// What a service says of itself at `/metrics` since its start: by name, without the `stampede_`, labels summed up.
    func metrics(of service: ServiceName) async throws -> [String: Double] {
        guard let answer = await HTTP.send("GET", port: adminPort(of: service), "/metrics"), answer.status == 200 else {
            throw TookTooLong(description: "\(service.rawValue)-service tells no metrics")
        }
        var sums: [String: Double] = [:]
        for line in String(decoding: answer.body, as: UTF8.self).textLines where line.hasPrefix("stampede_") {
            // NAME{LABELS} VALUE
            guard let value = line.split(separator: " ").last.flatMap({ Double($0) }) else { continue }
            let name = line.prefix { $0 != "{" && $0 != " " }.dropFirst("stampede_".count)
            sums[String(name), default: 0] += value
        }
        return sums
    }
}
