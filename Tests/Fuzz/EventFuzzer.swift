// libFuzzer's entry point for the bytes of an event, compiled into one module with `Contracts` (Scripts/lib/fuzz).

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    let bytes = [UInt8](UnsafeBufferPointer(start: data, count: size))
    _ = try? EventCoding.type(of: bytes[...])
    guard let envelope = try? EventCoding.decode(bytes) else { return 0 }
    guard let written = try? EventCoding.encode(envelope) else { return 0 }
    precondition(written == bytes, "what was accepted is written back otherwise")
    return 0
}
