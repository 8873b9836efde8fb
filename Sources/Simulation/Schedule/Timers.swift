/// What is to happen at which virtual time; of two at the same time, the one that was set first.
struct Timers {
    struct Entry {
        /// Microseconds since the world began.
        let due: Int64
        let number: Int
        let action: () -> Void
    }

    /// A binary heap, the earliest first.
    private var heap: [Entry] = []
    private var count = 0

    var nextDue: Int64? { heap.first?.due }

    mutating func set(at due: Int64, _ action: @escaping () -> Void) {
        count += 1
        heap.append(Entry(due: due, number: count, action: action))
        var child = heap.count - 1
        while child > 0, Self.precedes(heap[child], heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func takeFirst() -> Entry {
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if Self.precedes(heap[child], heap[least]) { least = child }
            }
            if least == parent { return first }
            heap.swapAt(least, parent)
            parent = least
        }
    }

    private static func precedes(_ left: Entry, _ right: Entry) -> Bool {
        (left.due, left.number) < (right.due, right.number)
    }
}
