import NIOCore
import NIOHTTP1

/// What a request's head says of the request, beyond method, target and fields.
///
/// The decoder has refused two lengths, a length beside `Transfer-Encoding`, and what is no token; here is the rest of what
/// two readers could take for two different requests.
struct HeadCheck {
    /// Nil where the head may be answered.
    private(set) var refusal: HTTPRefusal?
    /// Nil where the body comes in chunks, or there is none.
    private(set) var contentLength: Int?
    private(set) var hasBody = false
    private(set) var expectsContinue = false
    /// The decoder reads nothing after a request that asks for another protocol.
    private(set) var asksForUpgrade = false

    init(_ head: HTTPRequestHead, _ hosts: HostPolicy, onLoopback: () -> Bool) {
        var host: String?
        for (name, value) in head.headers {
            // By length first: of each head most fields are none of these.
            switch name.utf8.count {
            case 4 where name.lowercased() == "host":
                if host != nil { refuse(.malformed("there are two Host fields")) }
                host = value
            case 6 where name.lowercased() == "expect":
                if value.lowercased() == "100-continue" {
                    expectsContinue = true
                } else {
                    refuse(.unknownExpectation(value))
                }
            case 7 where name.lowercased() == "upgrade": asksForUpgrade = true
            case 14 where name.lowercased() == "content-length":
                contentLength = Int(value)
                hasBody = contentLength != 0
            case 17 where name.lowercased() == "transfer-encoding":
                hasBody = true
                if value.lowercased() != "chunked" || head.version.minor == 0 {
                    refuse(.malformed("a body may be chunked, in HTTP/1.1, and coded in no other way"))
                }
            default: break
            }
        }
        if head.method == .CONNECT { asksForUpgrade = true }
        judge(target: head.uri, of: head.method, hosts, onLoopback)
        judge(host: host, of: head.version, hosts, onLoopback)
    }

    /// The first thing that is wrong counts, but framing before names: of a request whose end is unsure nothing else is.
    private mutating func refuse(_ new: HTTPRefusal) {
        if case .malformed = refusal { return }
        if case .malformed = new { return refusal = new }
        refusal = refusal ?? new
    }

    private mutating func judge(target: String, of method: HTTPMethod, _ hosts: HostPolicy, _ onLoopback: () -> Bool) {
        guard target.utf8.allSatisfy({ (33...126).contains($0) && $0 != UInt8(ascii: "#") }) else {
            return refuse(.malformed("the request's target is no path"))
        }
        if target.utf8.first == UInt8(ascii: "/") || (target == "*" && method == .OPTIONS) { return }
        // What a proxy is sent; its name counts, not Host's (RFC 9112 §3.2.2).
        guard let scheme = ["http://", "https://"].first(where: { target.lowercased().hasPrefix($0) }) else {
            return refuse(.malformed("the request's target is no path"))
        }
        let authority = target.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
        judge(authority, hosts, onLoopback)
    }

    private mutating func judge(host: String?, of version: HTTPVersion, _ hosts: HostPolicy, _ onLoopback: () -> Bool) {
        if let host {
            judge(Substring(host), hosts, onLoopback)
        } else if version.minor >= 1 {
            refuse(.malformed("there is no Host field"))
        }
    }

    private mutating func judge(_ authority: Substring, _ hosts: HostPolicy, _ onLoopback: () -> Bool) {
        switch hosts.judge(authority, onLoopback: onLoopback()) {
        case .admitted: break
        case .foreign: refuse(.wrongHost(String(authority)))
        case .malformed: refuse(.malformed("Host names no place"))
        }
    }
}
