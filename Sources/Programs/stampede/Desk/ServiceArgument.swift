import ArgumentParser
import Contracts

/// A service as it is named on the command line: `payment` or `payment-service`.
struct ServiceArgument: ExpressibleByArgument {
    let service: ServiceName

    init?(argument: String) {
        let name = argument.hasSuffix("-service") ? String(argument.dropLast("-service".count)) : argument
        guard let service = ServiceName(rawValue: name) else { return nil }
        self.service = service
    }

    static var allValueStrings: [String] { ServiceName.allCases.map(\.rawValue) }
}
