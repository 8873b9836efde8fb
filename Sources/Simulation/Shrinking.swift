/// Finds a shortest list of faults with which a seed still fails (delta debugging: Zeller, Hildebrandt, Simplifying and
/// Isolating Failure-Inducing Input, 2002): no fault of it can be left out.
package struct Shrinking {
    /// Runs at most.
    package var limit = 200
    private let fails: ([PlannedFault]) throws -> Bool
    package private(set) var runs = 0

    /// - Parameter fails: whether a run with these faults alone still fails.
    package init(fails: @escaping ([PlannedFault]) throws -> Bool) {
        self.fails = fails
    }

    package mutating func shrink(_ faults: [PlannedFault]) throws -> [PlannedFault] {
        if try stillFails([]) { return [] }
        var current = faults
        var pieces = 2
        while current.count >= 2, runs < limit {
            let size = (current.count + pieces - 1) / pieces
            var isShorter = false
            for start in stride(from: 0, to: current.count, by: size) {
                let rest = Array(current[..<start] + current[min(start + size, current.count)...])
                if try stillFails(rest) {
                    current = rest
                    pieces = max(pieces - 1, 2)
                    isShorter = true
                    break
                }
            }
            if isShorter { continue }
            if size == 1 { break }
            pieces = min(pieces * 2, current.count)
        }
        return current
    }

    private mutating func stillFails(_ faults: [PlannedFault]) throws -> Bool {
        guard runs < limit else { return false }
        runs += 1
        return try fails(faults)
    }
}
