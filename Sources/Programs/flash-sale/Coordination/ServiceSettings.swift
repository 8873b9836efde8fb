import Foundation

/// Where the services listen, from the environment that they share.
struct ServiceSettings: Sendable, Equatable {
    var checkoutPort = 8080
    var orderAdminPort = 9101
    var inventoryAdminPort = 9102

    /// - Throws: `SettingsError` for a value that is no port.
    init(environment: [String: String] = ProcessInfo.processInfo.environment) throws(SettingsError) {
        checkoutPort = try Self.port("STAMPEDE_CHECKOUT_PORT", in: environment) ?? checkoutPort
        orderAdminPort = try Self.port("STAMPEDE_ORDER_ADMIN_PORT", in: environment) ?? orderAdminPort
        inventoryAdminPort = try Self.port("STAMPEDE_INVENTORY_ADMIN_PORT", in: environment) ?? inventoryAdminPort
    }

    private static func port(_ name: String, in environment: [String: String]) throws(SettingsError) -> Int? {
        guard let text = environment[name], !text.isEmpty else { return nil }
        guard let port = Int(text), (1...65_535).contains(port) else {
            throw SettingsError(description: "\(name) is '\(text)', which is no port")
        }
        return port
    }
}

struct SettingsError: Error, CustomStringConvertible {
    var description: String
}
