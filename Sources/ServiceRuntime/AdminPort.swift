package import Contracts
package import ProcessSettings

extension Settings {
    /// Where the dashboard calls the other services.
    package var serviceHosts: ServiceHosts { ServiceHosts(serviceHost) ?? .loopback }  // the table takes no other

    package func adminPort(of service: ServiceName) -> Int {
        switch service {
        case .order: orderAdminPort
        case .inventory: inventoryAdminPort
        case .payment: paymentAdminPort
        case .notification: notificationAdminPort
        case .analytics: analyticsAdminPort
        }
    }
}
