import Contracts
import Delivery
import Foundation
package import GRDB

/// Times from `OrderCreated` to the first outcome, in buckets that grow by a factor of 2^(1/4): bucket ⌊4·log2(ms + 1)⌋.
///
/// A percentile read from them is at most 19 % above the true one, whatever the range.
package enum LatencyBucket {
    package static func of(_ duration: Duration) -> Int64 {
        let milliseconds = max(0, duration.microseconds / 1000)
        return Int64((4 * log2(Double(milliseconds) + 1)).rounded(.down))
    }

    /// Where the bucket ends, in milliseconds: everything in it took less.
    package static func end(of bucket: Int64) -> Double {
        exp2((Double(bucket) + 1) / 4) - 1
    }

    /// What is in each bucket by now.
    package static func counts(_ db: Database) throws -> [(bucket: Int64, orders: Int64)] {
        try Row.fetchAll(db, sql: "SELECT bucket, orders FROM latency").map { row in
            let cell = Cells(row, of: "latency")
            return (try cell(0), try cell.count(1))
        }
    }

    /// End of the bucket that holds the orders' `fraction`; nil without orders.
    package static func percentile(_ fraction: Double, of buckets: [(bucket: Int64, orders: Int64)]) -> Double? {
        let total = buckets.reduce(0) { $0 + Double($1.orders) }
        guard total > 0 else { return nil }
        let rank = max(1, (fraction * total).rounded(.up))
        var passed = 0.0
        for (bucket, orders) in buckets.sorted(by: { $0.bucket < $1.bucket }) {
            passed += Double(orders)
            if passed >= rank { return end(of: bucket) }
        }
        return nil
    }
}
