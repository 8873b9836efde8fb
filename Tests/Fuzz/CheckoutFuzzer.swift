// libFuzzer's entry point for the body of `POST /v1/orders` (Scripts/lib/fuzz).
//
// The compact reader is there for speed alone: whatever it accepts, the general reader accepts, and reads the same.
import Contracts
import Foundation

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    let bytes = [UInt8](UnsafeBufferPointer(start: data, count: size))
    guard let compact = PlaceOrderBody(compact: bytes) else { return 0 }
    guard let general = try? JSONDecoder().decode(PlaceOrderBody.self, from: Data(bytes)) else {
        preconditionFailure("the compact reader accepts what the general one refuses")
    }
    precondition(fields(of: compact) == fields(of: general), "the two readers read different orders")
    return 0
}

/// Byte for byte: two strings can be equal and yet be different customers.
private func fields(of body: PlaceOrderBody) -> [[UInt8]] {
    let lines = body.lines.flatMap { [Array($0.productId.utf8), Array("\($0.quantity.value)".utf8)] }
    return [body.customerId, body.email, body.currency, body.cardToken].map { Array($0.utf8) } + lines
}
