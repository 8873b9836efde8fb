import Dispatch
import Synchronization

/// Does the same for each element on all cores and returns the results in the elements' order. Blocking.
func concurrently<Element: Sendable, Value: Sendable>(
    _ elements: [Element], _ body: @Sendable (Element) throws -> Value
) rethrows -> [Value] {
    let results = Mutex<[Int: Result<Value, any Error>]>([:])
    withoutActuallyEscaping(body) { body in
        DispatchQueue.concurrentPerform(iterations: elements.count) { index in
            let result = Result { try body(elements[index]) }
            results.withLock { $0[index] = result }
        }
    }
    let all = results.withLock { $0 }
    return try elements.indices.compactMap { try all[$0]?.get() }
}
