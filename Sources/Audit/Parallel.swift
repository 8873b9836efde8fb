import Foundation
import Synchronization

/// Blocking work on a few threads at once, off the cooperative pool.
enum Parallel {
    /// Cores that the audit takes at most.
    static let width = 2

    /// Results in the order of the inputs.
    static func map<Input: Sendable, Output: Sendable>(
        _ inputs: [Input], _ body: @Sendable (Input) -> Output
    ) -> [Output] {
        let results = Mutex([Output?](repeating: nil, count: inputs.count))
        let next = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: min(width, inputs.count)) { _ in
            while true {
                let index = next.withLock { next in
                    defer { next += 1 }
                    return next
                }
                guard index < inputs.count else { return }
                let result = body(inputs[index])
                results.withLock { $0[index] = result }
            }
        }
        return results.withLock { $0.compactMap(\.self) }
    }
}
