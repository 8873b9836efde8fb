import Contracts
import Testing

@Suite("Where the services are called")
struct ServiceHostsTests {
    @Test("one host for all, or a name each")
    func hosts() throws {
        #expect(ServiceHosts.loopback.host(of: .payment) == "127.0.0.1")
        #expect(ServiceHosts("shop.example")?.host(of: .payment) == "shop.example")
        #expect(ServiceHosts("{service}")?.host(of: .payment) == "payment-service")
        #expect(ServiceHosts("a-{service}.example")?.host(of: "payment-gateway") == "a-payment-gateway.example")
        #expect(ServiceHosts("::1")?.host(of: .order) == "::1")
    }

    @Test(
        "a text that can be no host is none",
        arguments: [
            "", " ", "a b", "http://a", "a/b", "{order}", "{service", "a_b", "a\n", "é",
            String(repeating: "a", count: 254),
        ])
    func refused(_ text: String) {
        #expect(ServiceHosts(text) == nil)
    }
}
