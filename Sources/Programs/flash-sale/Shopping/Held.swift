/// Visitors that wait for a free connection, first come, first served.
struct Held {
    private var visitors: [Int] = []
    private var first = 0

    mutating func append(_ visitor: Int) { visitors.append(visitor) }

    mutating func removeFirst() -> Int? {
        guard first < visitors.count else { return nil }
        defer {
            first += 1
            if first == visitors.count { (visitors, first) = ([], 0) }
        }
        return visitors[first]
    }

    /// Takes out those who have waited too long.
    mutating func takeImpatient(where isImpatient: (Int) -> Bool) -> [Int] {
        let waiting = visitors[first...]
        let leaving = waiting.filter(isImpatient)
        if !leaving.isEmpty { (visitors, first) = (waiting.filter { !isImpatient($0) }, 0) }
        return leaving
    }
}
