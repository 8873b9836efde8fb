/// Which of the known names somebody may have meant.
enum NearMiss {
    /// The nearest; nil where none is near.
    static func of(_ name: String, among known: [String]) -> String? {
        let near = known.compactMap { known -> (name: String, distance: Int)? in
            let limit = max(2, known.utf8.count / 4)
            guard abs(known.utf8.count - name.utf8.count) <= limit else { return nil }
            let distance = distance(Array(name.utf8), Array(known.utf8))
            return distance <= limit ? (known, distance) : nil
        }
        return near.min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    /// Insertions, removals, replacements and swaps of neighbours that make one of the other
    /// (optimal string alignment).
    static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
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
