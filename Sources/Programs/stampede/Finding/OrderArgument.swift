import ArgumentParser
import Contracts

/// An order as commands besides `order` are told it: its id, or the end of it as `tail` shows it.
enum OrderArgument: ExpressibleByArgument {
    case id(OrderID)
    case ending(OrderEnding)

    init?(argument: String) {
        let text = argument.hasPrefix("…") ? argument.dropFirst() : argument[...]
        if let id = OrderID(text) {
            self = .id(id)
        } else if let ending = OrderEnding(text) {
            self = .ending(ending)
        } else {
            return nil
        }
    }

    /// - Throws: `Failure.noOrder`, `.ambiguousOrder`.
    func resolve(_ data: DataDirectory) throws -> OrderID {
        switch self {
        case .id(let id): return id
        case .ending(let ending):
            let found = try OrderSearch(data: data).orders(ending: ending)
            guard let order = found.first else { throw Failure.noOrder("…" + ending.text, data: data.path) }
            guard found.count == 1 else {
                throw Failure.ambiguousOrder(ending.text, candidates: found.map(\.description))
            }
            return order
        }
    }
}
