import Contracts
package import Delivery
import Foundation
import NIOCore
package import ProcessSettings
import Synchronization

/// How often one client address may ask: a token bucket an address.
///
/// *Guarantee*: at most `maximumAddresses` are remembered, however many come; whoever is forgotten had not asked while
/// half as many others did, and begins with a full bucket. An address asks at most `burst` times at once, and `perSecond`
/// times a second from then on. *If broken*: one client takes the shop from all others, or a million of them its memory.
///
/// An address is an IPv4 address, or the /64 network of an IPv6 one, which one client has to itself. Nothing that a request
/// says of its sender (`Forwarded` and its like) counts: anybody can say it.
package final class ClientRateLimit: Sendable {
    private enum Client: Hashable {
        case ipv4(UInt32)
        case ipv6(network: UInt64)
    }

    private struct Bucket {
        /// In millionths of a request.
        var content: Int64
        var filledAt: MonotonicTime
    }

    /// The latest that asked are in `recent`; once that holds half of all, it becomes `former`, and what was there is
    /// forgotten.
    private struct State {
        var recent: [Client: Bucket] = [:]
        var former: [Client: Bucket] = [:]
    }

    static let maximumAddresses = 65_536
    private static let request: Int64 = 1_000_000

    private let perSecond: Int64
    private let full: Int64
    private let generation: Int
    private let clock: any ServiceClock
    private let state = Mutex(State())

    init(
        perSecond: Int, burst: Int, maximumAddresses: Int = ClientRateLimit.maximumAddresses, clock: any ServiceClock
    ) {
        self.perSecond = Int64(perSecond)
        full = Int64(burst) * Self.request
        generation = max(1, maximumAddresses / 2)
        self.clock = clock
    }

    /// Nil where the settings limit nobody.
    package convenience init?(_ settings: Settings, clock: any ServiceClock) {
        guard settings.checkoutRate > 0 else { return nil }
        self.init(perSecond: settings.checkoutRate, burst: settings.checkoutRateBurst, clock: clock)
    }

    /// Nil where the request may be answered, and counts; else after how many whole seconds the next one may.
    func secondsToWait(_ address: SocketAddress?) -> Int? {
        guard let client = address.flatMap(Self.client) else { return nil }
        let now = clock.monotonic()
        return state.withLock { state in
            var bucket = state.recent[client] ?? state.former[client] ?? Bucket(content: full, filledAt: now)
            let elapsed = max(0, (now - bucket.filledAt).microseconds)
            let (gain, overflow) = elapsed.multipliedReportingOverflow(by: perSecond)
            bucket.content = overflow || gain > full - bucket.content ? full : bucket.content + gain
            bucket.filledAt = now
            let isAdmitted = bucket.content >= Self.request
            if isAdmitted { bucket.content -= Self.request }
            if state.recent[client] == nil, state.recent.count >= generation {
                state.former = state.recent
                state.recent = [:]
            }
            state.recent[client] = bucket
            guard !isAdmitted else { return nil }
            let missing = Self.request - bucket.content
            let millionsASecond = perSecond * Self.request
            return Int((missing + millionsASecond - 1) / millionsASecond)
        }
    }

    /// Addresses that are remembered.
    var count: Int { state.withLock { $0.recent.count + $0.former.count } }

    private static func client(_ address: SocketAddress) -> Client? {
        switch address {
        case .v4(let address): return .ipv4(address.address.sin_addr.s_addr)
        case .v6(let address):
            let bytes = withUnsafeBytes(of: address.address.sin6_addr) { [UInt8]($0) }
            if bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]) {
                return .ipv4(bytes[12...].reversed().reduce(0) { $0 << 8 | UInt32($1) })
            }
            return .ipv6(network: bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) })
        case .unixDomainSocket: return nil
        }
    }
}
