import Contracts

/// What the delivery table needs to know of a service in order to trouble it.
extension ServiceName {
    /// A type that it consumes, of which every order that is paid has exactly one.
    var consumedType: String {
        switch self {
        case .order: V1.PaymentSucceeded.type
        case .inventory, .analytics: V1.OrderCreated.type
        case .payment: V1.StockReserved.type
        case .notification: V1.OrderConfirmed.type
        }
    }

    /// Who says it.
    var neighbour: ServiceName {
        switch self {
        case .order: .payment
        case .inventory, .notification, .analytics: .order
        case .payment: .inventory
        }
    }

    /// The program, as the supervisor knows it.
    var program: String { rawValue + "-service" }
}
