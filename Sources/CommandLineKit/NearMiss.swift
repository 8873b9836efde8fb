/// Which of the known names somebody may have meant.
package enum NearMiss {
    /// The nearest; `nil` if none is near. Capitals do not count; the beginning of a long name is near to it.
    package static func of(_ name: String, among known: [String]) -> String? {
        let wanted = Array(name.lowercased().utf8)
        guard wanted.count <= longest else { return nil }
        let near = known.compactMap { known -> (name: String, distance: Int)? in
            let candidate = Array(known.lowercased().utf8)
            let limit = max(2, candidate.count / 4)
            if wanted.count >= 3, candidate.starts(with: wanted) { return (known, candidate.count - wanted.count) }
            guard abs(candidate.count - wanted.count) <= limit else { return nil }
            let distance = distance(wanted, candidate)
            // Of two letters, half must be right.
            return distance <= limit && 2 * distance <= max(wanted.count, candidate.count) ? (known, distance) : nil
        }
        return near.min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    /// `did you mean 'status'?`; `nil` if none is near.
    package static func question(_ name: String, among known: [String]) -> String? {
        of(name, among: known).map { "did you mean '\($0)'?" }
    }

    /// Bytes; whatever is longer is no misspelt name.
    private static let longest = 200

    /// Insertions, removals, replacements and swaps of neighbours that make one of the other
    /// (optimal string alignment).
    package static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
        var rows = [[Int]](repeating: Array(repeating: 0, count: other.count + 1), count: one.count + 1)
        for index in 0...one.count { rows[index][0] = index }
        for index in 0...other.count { rows[0][index] = index }
        for row in one.indices {
            for column in other.indices {
                let isSame = one[row] == other[column]
                var best = min(
                    rows[row][column] + (isSame ? 0 : 1), rows[row][column + 1] + 1, rows[row + 1][column] + 1)
                if row > 0, column > 0, one[row] == other[column - 1], one[row - 1] == other[column] {
                    best = min(best, rows[row - 1][column - 1] + 1)
                }
                rows[row + 1][column + 1] = best
            }
        }
        return rows[one.count][other.count]
    }
}
