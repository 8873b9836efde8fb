/// Where the services are called: one host for all of them, or each under its own name, as containers find one another.
///
/// The text is an address, a name, or a pattern: `{service}` in it stands for the service's name, `order-service`.
package struct ServiceHosts: Hashable, Codable, Sendable {
    package static let variable = "STAMPEDE_SERVICE_HOST"
    package static let expected = "an address, a name, or a pattern such as {service}.example"
    package static let loopback = ServiceHosts(trusted: "127.0.0.1")

    private static let placeholder = "{service}"
    private let pattern: String

    private init(trusted pattern: String) {
        self.pattern = pattern
    }

    /// Nil for a text that can be neither.
    package init?(_ pattern: String) {
        let host = pattern.replacing(Self.placeholder, with: "service")
        let isHost = host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"):
                true
            default: false
            }
        }
        guard isHost, (1...253).contains(host.utf8.count) else { return nil }
        self.pattern = pattern
    }

    package func host(of service: ServiceName) -> String { host(of: "\(service.rawValue)-service") }

    /// - Parameter program: `order-service`, or `payment-gateway`.
    package func host(of program: String) -> String { pattern.replacing(Self.placeholder, with: program) }
}
