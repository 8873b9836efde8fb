/// Passes a value that is not Sendable to the one task that uses it from then on.
///
/// Unchecked: `take` hands it out once, and the maker keeps no reference.
package final class Handover<Value>: @unchecked Sendable {
    private var value: Value?

    package init(_ value: Value) {
        self.value = value
    }

    package func take() -> sending Value {
        guard let value else { preconditionFailure("handed over twice") }
        self.value = nil
        nonisolated(unsafe) let handed = value  // the only reference left
        return handed
    }
}
