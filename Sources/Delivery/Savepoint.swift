import GRDB

extension DeliveryTransaction {
    /// Runs what one event does so that a fault of its own undoes that alone.
    ///
    /// - Parameter onFault: what is done instead; runs in the transaction, outside of the savepoint.
    /// - Throws: faults of the environment and fatal ones, for the whole transaction.
    func inSavepoint<Value>(_ body: () throws -> Value, onFault: (Fault) throws -> Value) throws -> Value {
        let mark = mark()
        do {
            var value: Value?
            try db.inSavepoint {
                value = try body()
                return .commit
            }
            return value!  // inSavepoint either ran the body to its end or threw
        } catch {
            restore(mark)
            let fault = Fault.classify(error)
            switch fault {
            case .environment, .fatal: throw error
            case .permanent, .event, .trap: return try onFault(fault)
            }
        }
    }
}
