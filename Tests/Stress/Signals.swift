import Synchronization

/// Set once, seen by all.
final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}

/// Numbers for whoever asks, each once.
final class Ticket: Sendable {
    private let next: Atomic<Int>

    init(_ first: Int) {
        next = Atomic(first)
    }

    func take() -> Int { next.wrappingAdd(1, ordering: .relaxed).oldValue }
}
