import Contracts
import Crypto
import Foundation
import HTTPServing
import NIOCore
import NIOHTTP1
import OrderService

/// A `POST /v1/orders` as programs send it: each header once, the body compact JSON with each field once.
struct CompactCheckout {
    /// Without a trace.
    let request: CheckoutRequest
    /// What the caller says of its own trace.
    let traceparent: String?

    /// Bodies that are read on the event loop, in bytes, at most.
    private static let maximumBytes = 4096

    /// Nil for any other request, right or wrong.
    init?(_ head: HTTPRequestHead, _ body: ByteBuffer, limit: Int) {
        var key: String?
        var type: String?
        var trace: String?
        for (name, value) in head.headers {
            switch name.utf8.count {
            case 15 where name.lowercased() == "idempotency-key":
                guard key == nil else { return nil }
                key = value
            case 12 where name.lowercased() == "content-type":
                guard type == nil else { return nil }
                type = value
            case 11 where name.lowercased() == "traceparent":
                guard trace == nil else { return nil }
                trace = value
            case 16 where name.lowercased() == "content-encoding": return nil
            default: break
            }
        }
        guard let key, Self.isKey(key), type ?? "application/json" == "application/json",
            body.readableBytes <= min(limit, Self.maximumBytes)
        else { return nil }
        let bytes = [UInt8](body.readableBytesView)
        guard let order = PlaceOrderBody(compact: bytes) else { return nil }
        traceparent = trace
        request = CheckoutRequest(
            customerID: order.customerId, email: order.email, currency: order.currency, cardToken: order.cardToken,
            lines: order.lines.map { StockLine(productID: $0.productId, quantity: $0.quantity.value) },
            idempotencyKey: key, bodyHash: Self.hash(bytes))
    }

    /// 1 to 255 visible ASCII characters.
    static func isKey(_ key: String) -> Bool {
        (1...255).contains(key.utf8.count) && key.utf8.allSatisfy { (33...126).contains($0) }
    }

    /// SHA-256 in hex.
    static func hash(_ body: some DataProtocol) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let digest = SHA256.hash(data: body)
        return String(unsafeUninitializedCapacity: 64) { buffer in
            var count = 0
            for byte in digest {
                buffer[count] = digits[Int(byte >> 4)]
                buffer[count + 1] = digits[Int(byte & 15)]
                count += 2
            }
            return count
        }
    }
}
