import HTTPTypes
package import Hummingbird

/// Pages and figures that a service shows besides its API.
package protocol Surface: Sendable {
    /// Nil where the path is not one of its own.
    func answer(_ request: Request) async throws -> Response?
}

extension Surface {
    func requireReading(_ request: Request) throws {
        guard request.method == .get || request.method == .head else {
            throw Problem.wrongMethod(request.method, allowed: "GET, HEAD")
        }
    }
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
