import HTTPTypes

/// The admin surface that every service has, and what some add.
enum AdminOperations {
    static let health: [HTTPOperation] = [
        HTTPOperation(.get, "/health/live"),
        HTTPOperation(.get, "/health/ready", [200, 503]),
        HTTPOperation(.get, "/metrics"),
    ]

    static let status = HTTPOperation(.get, "/admin/status")
    static let delivery = HTTPOperation(.get, "/admin/delivery")

    /// What an action can answer: its operation, from its path.
    ///
    /// - Parameter waits: whether it waits for the consumer, which may not come to it in time.
    static func action(
        _ path: String, waits: Bool, _ refusals: Set<HTTPOperation.Refusal> = []
    ) -> HTTPOperation {
        var refusals = refusals.union(HTTPOperation.bodyRefusals).union([HTTPOperation.Refusal(401, .unauthorized)])
        if waits {
            refusals.formUnion([HTTPOperation.Refusal(422, .refused), HTTPOperation.Refusal(503, .stillUnderWay)])
        }
        return HTTPOperation(.put, PathPattern(path), [200], refusals)
    }
}

extension Dashboard {
    package static let operations: [HTTPOperation] = [
        HTTPOperation(.get, "/"), HTTPOperation(.get, "/orders/{id}"), HTTPOperation(.get, "/assets/{file}"),
        HTTPOperation(.get, "/events"),
        HTTPOperation(.get, "/api/orders/{id}", [200], [HTTPOperation.Refusal(404, .unknownOrder)]),
    ]
}
