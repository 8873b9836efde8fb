package import Hummingbird

/// Pages and figures that a service shows besides its API.
package protocol Surface: Sendable {
    var operations: [HTTPOperation] { get }
    /// Nil where the path is not one of its own.
    func answer(_ request: Request) async throws -> Response?
}

extension [any Surface] {
    /// Of the first one that knows the path.
    func answer(_ request: Request) async throws -> Response? {
        for surface in self {
            if let answer = try await surface.answer(request) { return answer }
        }
        return nil
    }
}
