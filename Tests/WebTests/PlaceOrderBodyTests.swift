import Foundation
import Testing

@testable import Web

/// The checkout's own reader against Foundation's: it may decline, it may not read anything else.
@Suite("Checkout's body, read fast")
struct PlaceOrderBodyTests {
    private func text(_ body: PlaceOrderBody) -> String {
        let lines = body.lines.map { "\($0.productId.debugDescription):\($0.quantity.value)" }
        return ([body.customerId, body.email, body.currency, body.cardToken].map(\.debugDescription) + lines)
            .joined(separator: " ")
    }

    @Test("a compact body is read, whatever the order of its fields")
    func compact() throws {
        let body = """
            {"lines":[{"productId":"P-1","quantity":2},{"productId":"Tee é","quantity":-9223372036854775808}],\
            "cardToken":"t","currency":"GBP","email":"a@b","customerId":"c"}
            """
        let read = try #require(PlaceOrderBody(compact: Array(body.utf8)))
        #expect(try text(read) == text(RequestBody.decode(PlaceOrderBody.self, from: Data(body.utf8))))
    }

    @Test(
        "of bodies with any few bytes changed it reads none that Foundation reads otherwise, or not at all",
        arguments: 0..<20)
    func mutated(seed: UInt64) throws {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        let pieces =
            Array("\"\\{}[]:,.-+eE0123456789 \n\tnulltruefalse\u{0}é".utf8) + [0xFF, 0xC3, 0x80, 0xED, 0xA0]
        var read = 0
        for _ in 0..<500 {
            var bytes = Array(Shopper.body.utf8)
            for _ in 0...below(3) {
                let place = below(bytes.count)
                switch below(4) {
                case 0: bytes.remove(at: place)
                case 1: bytes.insert(pieces[below(pieces.count)], at: place)
                case 2:
                    let copied = Array(bytes[place..<min(place + 1 + below(30), bytes.count)])
                    bytes.insert(contentsOf: copied, at: below(bytes.count))
                default: bytes[place] = pieces[below(pieces.count)]
                }
            }
            guard let fast = PlaceOrderBody(compact: bytes) else { continue }
            read += 1
            let general = try RequestBody.decode(PlaceOrderBody.self, from: Data(bytes))
            #expect(text(fast) == text(general), "\(String(decoding: bytes, as: UTF8.self))")
        }
        #expect(read > 0)
    }
}
