import Foundation
import NIOCore
import Testing
import TestSupport

@testable import Web

@Suite("How often a client address may ask", .timeLimit(.minutes(5)))
struct ClientRateLimitTests {
    private let clock = SteppedClock()

    private func limit(_ perSecond: Int, burst: Int, addresses: Int = 100) -> ClientRateLimit {
        ClientRateLimit(perSecond: perSecond, burst: burst, maximumAddresses: addresses, clock: clock)
    }

    private func address(_ text: String, port: Int = 1) throws -> SocketAddress {
        try SocketAddress(ipAddress: text, port: port)
    }

    @Test("so many at once, then so many a second; who asks too soon hears after how many seconds to come back")
    func bucket() throws {
        let limit = limit(2, burst: 3)
        let ann = try address("10.0.0.1")
        for _ in 0..<3 { #expect(limit.secondsToWait(ann) == nil) }
        #expect(limit.secondsToWait(ann) == 1)
        clock.step(.milliseconds(499))
        #expect(limit.secondsToWait(ann) == 1)
        clock.step(.milliseconds(1))
        #expect(limit.secondsToWait(ann) == nil)
        #expect(limit.secondsToWait(ann) == 1)
        // However long it was away, no more than the burst.
        clock.step(.seconds(1_000_000_000))
        for _ in 0..<3 { #expect(limit.secondsToWait(ann) == nil) }
        #expect(limit.secondsToWait(ann) == 1)
    }

    @Test("in any minute an address gets no more than burst and rate allow, however it asks", arguments: 1...20)
    func neverMore(seed: UInt64) throws {
        var dice = seed &* 0x9E37_79B9_7F4A_7C15
        let limit = limit(5, burst: 10)
        let ann = try address("10.0.0.1")
        var (admitted, passed) = (0, Int64(0))
        while passed < 60_000_000 {
            dice = dice &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let step = Int64((dice >> 33) % 400_000)
            clock.step(.microseconds(step))
            passed += step
            if limit.secondsToWait(ann) == nil { admitted += 1 }
        }
        #expect(admitted <= 10 + Int(passed * 5 / 1_000_000))
        // And who was told to wait, and waits, is let in.
        while let seconds = limit.secondsToWait(ann) { clock.step(.seconds(seconds)) }
    }

    @Test(
        "a clock that is set, forward or back, neither fills a bucket nor locks anybody out",
        arguments: [-3600, 86_400])
    func clockSet(seconds: Int) throws {
        let limit = limit(1, burst: 1)
        let ann = try address("10.0.0.1")
        #expect(limit.secondsToWait(ann) == nil)
        clock.set(ahead: .seconds(seconds))
        #expect(limit.secondsToWait(ann) == 1)
        clock.step(.seconds(1))
        #expect(limit.secondsToWait(ann) == nil)
    }

    @Test(
        "each IPv4 address and each /64 of IPv6 counts for itself, whatever the port and however it is written"
    )
    func addresses() throws {
        let limit = limit(1, burst: 1)
        let groups = [
            ["10.0.0.1", "::ffff:10.0.0.1"], ["10.0.0.2"], ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"],
            ["2001:db8:1:3::1"],
        ]
        for group in groups { #expect(try limit.secondsToWait(address(group[0])) == nil, "\(group)") }
        for group in groups {
            for (port, text) in group.enumerated() {
                #expect(try limit.secondsToWait(address(text, port: port + 2)) == 1, "\(text)")
            }
        }
        #expect(limit.secondsToWait(nil) == nil)
        #expect(try limit.secondsToWait(SocketAddress(unixDomainSocketPath: "/tmp/x")) == nil)
    }

    @Test("a million addresses take no more memory than the limit; who keeps asking is not forgotten among few")
    func boundedMemory() throws {
        let limit = limit(1, burst: 1, addresses: 1000)
        let ann = try address("192.168.0.1")
        #expect(limit.secondsToWait(ann) == nil)
        for number in 0..<200_000 {
            let other = try address("10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)")
            #expect(limit.secondsToWait(other) == nil)
            #expect(limit.count <= 1000)
            if number % 400 == 0 { #expect(limit.secondsToWait(ann) == 1) }
        }
    }

    @Test("an address that asks too often is 429 with Retry-After, others and the pages are not")
    func overHTTP() async throws {
        let shop = try RunningShop(hasStorefront: true, rateLimit: limit(1, burst: 2))
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                #expect(try Shopper.place(client, key: "a").status == 202)
                #expect(try client.call("GET", "/v1/products").status == 200)
                let refused = try Shopper.place(client, key: "b")
                expectProblem(refused, 429, "too-many-requests")
                #expect(refused.headers["retry-after"] == "1")
                #expect(try client.call("GET", "/").status == 200)
                #expect(try Shopper.place(RawClient(port, from: "127.0.0.2"), key: "c").status == 202)
                clock.step(.seconds(1))
                #expect(try Shopper.place(client, key: "b").status == 202)
            }
        }
        #expect(try shop.traces() == [3, 3, 0])
    }
}
