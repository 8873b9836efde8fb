package import NIOCore
import NIOHTTP1

extension HTTPServer {
    /// What a server takes from its clients, and how long it waits for them.
    package struct Limits: Sendable {
        /// Connections at a time; more wait in the kernel, 4,096 per listener.
        package var connections: Int
        /// Sockets to listen on; several let a crowd wait.
        package var listeners = 1
        package var bodyBytes: Int
        /// Request line and header fields together, trailers too.
        package var headBytes = 16 * 1024
        package var headerFields = 100
        /// Of bodies larger than `smallBodyBytes`, on all connections together.
        package var bufferedBytes: Int
        /// For a request to begin.
        package var idle = TimeAmount.seconds(60)
        /// For a head that has begun to be whole.
        package var head = TimeAmount.seconds(10)
        /// For a body to be whole, after its head.
        package var body = TimeAmount.seconds(30)
        /// For a client to take anything of an answer that is ready.
        package var taking = TimeAmount.seconds(10)

        /// A body up to here is always read: orders are no larger, and must not wait for those that are.
        package static let smallBodyBytes = 16 * 1024
        /// How long a client that was refused may take to notice, before its connection is cut.
        static let ending = TimeAmount.seconds(2)
        /// How long a client may let the server wait while connections are running short.
        static let crowdedPatience = TimeAmount.seconds(1)

        package init(connections: Int, bodyBytes: Int) {
            self.connections = connections
            self.bodyBytes = bodyBytes
            bufferedBytes = max(64 << 20, 2 * bodyBytes)
        }

        /// Above this many connections those that wait longest without need are let go.
        var crowd: Int { connections - connections / 8 }

        var decoder: NIOHTTPDecoderLimitConfiguration {
            var decoder = NIOHTTPDecoderLimitConfiguration()
            decoder.maxHeaderFieldSize = headBytes
            decoder.maxHeaderListSize = headBytes
            decoder.maxHeaderFieldCount = headerFields
            return decoder
        }
    }
}
