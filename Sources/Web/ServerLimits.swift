import HTTPServing
import NIOCore
import ProcessSettings

extension HTTPServer.Limits {
    /// The same with what the settings say of clients.
    func limited(by settings: Settings) -> HTTPServer.Limits {
        var limits = self
        limits.headBytes = settings.httpHeadBytes
        limits.headerFields = settings.httpHeaderFields
        limits.bufferedBytes = max(settings.httpBufferedBytes, bodyBytes)
        limits.idle = .seconds(Int64(settings.httpIdleSeconds))
        limits.head = .seconds(Int64(settings.httpHeadSeconds))
        limits.body = .seconds(Int64(settings.httpBodySeconds))
        limits.taking = .seconds(Int64(settings.httpTakingSeconds))
        return limits
    }
}
