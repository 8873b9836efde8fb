/// Why a request is refused before anybody is asked: what answers it is the server's owner's to say.
package enum HTTPRefusal: Sendable, Equatable {
    /// No HTTP/1.1, or HTTP that could be read in two ways; the connection ends.
    case malformed(String)
    /// Request line and header fields are too many or too large; the connection ends.
    case headTooLarge(bytes: Int, fields: Int)
    /// The rest of a request did not come in time; the connection ends.
    case tooSlow(seconds: Int64)
    case bodyTooLarge(limit: Int)
    /// Other bodies take up what there is for bodies.
    case noRoomForBody
    /// `Host` names a place that this server is not.
    case wrongHost(String)
    /// `Expect` asks for something that is not known.
    case unknownExpectation(String)
}
