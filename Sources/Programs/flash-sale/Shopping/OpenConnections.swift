/// How many connections stood at each slot of time, so that several workers' counts can be added without guessing.
///
/// A slot holds the number open at its end; slots count from the shared start instant.
struct OpenConnections: Sendable, Equatable {
    static let slotNanoseconds: Int64 = 10_000_000
    /// An hour of slots; later ones are not kept.
    static let maximumSlots = 360_000

    private(set) var bySlot: [Int] = []
    private(set) var now = 0

    /// - Parameter time: nanoseconds after the start.
    mutating func change(by delta: Int, at time: Int64) {
        fill(to: time)
        now += delta
    }

    /// Closes every slot that ended before `time`.
    mutating func fill(to time: Int64) {
        let slot = Int(max(0, time) / Self.slotNanoseconds)
        while bySlot.count < min(slot, Self.maximumSlots) { bySlot.append(now) }
    }
}
