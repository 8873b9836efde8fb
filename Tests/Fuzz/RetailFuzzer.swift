// libFuzzer's entry point for the CSV file of a replay, compiled into one module with its reader (Scripts/lib/fuzz).

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    let bytes = [UInt8](UnsafeBufferPointer(start: data, count: size))
    _ = try? RetailFile.lines(bytes)
    guard let read = try? rows(of: bytes) else { return 0 }
    var written: [UInt8] = []
    for row in read { written += line(row.fields) }
    guard let again = try? rows(of: written) else {
        preconditionFailure("what was read is refused when it is written with quotes")
    }
    precondition(
        again.map(\.fields) == read.map(\.fields), "what was read is read otherwise when it is written with quotes")
    precondition(zip(read, read.dropFirst()).allSatisfy { $0.line < $1.line }, "two rows begin on the same line")
    return 0
}

private func rows(of bytes: [UInt8]) throws -> [CSVReader.Row] {
    var reader = CSVReader(bytes)
    var rows: [CSVReader.Row] = []
    while let row = try reader.next() { rows.append(row) }
    return rows
}

/// Every field quoted, as RFC 4180 has it.
private func line(_ fields: [String]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, field) in fields.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        for byte in field.utf8 {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }
    return bytes + [UInt8(ascii: "\n")]
}
