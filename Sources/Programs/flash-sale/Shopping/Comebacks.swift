/// Who comes back when, to ten milliseconds.
struct Comebacks {
    private static let slotNanoseconds: Int64 = 10_000_000

    private var bySlot: [Int64: [Int]] = [:]
    /// The earliest slot that may hold somebody.
    private var first = Int64.max

    mutating func add(_ visitor: Int, at time: Int64) {
        // Never before its time.
        let slot = time / Self.slotNanoseconds + 1
        bySlot[slot, default: []].append(visitor)
        first = min(first, slot)
    }

    /// The time at which somebody comes back next; `nil` if nobody does.
    var next: Int64? { bySlot.isEmpty ? nil : first * Self.slotNanoseconds }

    /// Takes out those whose time has come.
    mutating func due(at now: Int64) -> [Int] {
        let slot = now / Self.slotNanoseconds
        guard !bySlot.isEmpty, first <= slot else { return [] }
        let due = bySlot.keys.filter { $0 <= slot }.sorted()
        let visitors = due.flatMap { bySlot.removeValue(forKey: $0) ?? [] }
        first = bySlot.keys.min() ?? .max
        return visitors
    }
}
