import Foundation

/// A part of a message (RFC 2045, RFC 2046), as far as it takes to show text.
struct MIMEPart {
    let type: String
    let boundary: String?
    let encoding: String
    private let isLatin1: Bool
    /// As it was packed.
    let body: ArraySlice<UInt8>

    /// Parts within parts; more is not opened.
    private static let depth = 4

    init(headers: [MailMessage.Header], body: ArraySlice<UInt8>) {
        func value(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
        let fields = (value("content-type") ?? "text/plain").split(separator: ";")
        type = fields.first.map { $0.trimmingCharacters(in: .whitespaces).lowercased() } ?? "text/plain"
        var parameters: [String: String] = [:]
        for field in fields.dropFirst() {
            let pair = field.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            parameters[pair[0].trimmingCharacters(in: .whitespaces).lowercased()] =
                pair[1].trimmingCharacters(in: CharacterSet(charactersIn: " \t\""))
        }
        boundary = type.hasPrefix("multipart/") ? parameters["boundary"] : nil
        isLatin1 = parameters["charset"]?.lowercased() == "iso-8859-1"
        encoding = (value("content-transfer-encoding") ?? "7bit").lowercased()
        self.body = body
    }

    /// Itself, or the parts inside it.
    func leaves(_ depth: Int = MIMEPart.depth) -> [MIMEPart] {
        guard let boundary, !boundary.isEmpty, depth > 0 else { return [self] }
        var parts: [MIMEPart] = []
        var lines: [ArraySlice<UInt8>]?
        for line in body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            let isClose = text.elementsEqual("--\(boundary)--".utf8)
            guard isClose || text.elementsEqual("--\(boundary)".utf8) else {
                lines?.append(line)
                continue
            }
            if let lines { parts += Self.part(lines).leaves(depth - 1) }
            lines = isClose ? nil : []
        }
        if let lines { parts += Self.part(lines).leaves(depth - 1) }
        return parts
    }

    private static func part(_ lines: [ArraySlice<UInt8>]) -> MIMEPart {
        let (head, body) = MailMessage.split(Array(lines.joined(separator: [UInt8(ascii: "\n")])))
        return MIMEPart(headers: MailMessage.headers(head), body: body)
    }

    var text: String {
        let bytes: [UInt8] =
            switch encoding {
            case "quoted-printable": QuotedPrintable.decoded(body)
            case "base64":
                Data(base64Encoded: Data(body), options: .ignoreUnknownCharacters).map([UInt8].init) ?? Array(body)
            default: Array(body)
            }
        guard isLatin1 else { return String(decoding: bytes, as: UTF8.self) }
        return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
}

/// RFC 2045 §6.7.
enum QuotedPrintable {
    /// - Parameter isWord: in headers an underscore is a space (RFC 2047 §4.2).
    static func decoded(_ bytes: some Collection<UInt8>, isWord: Bool = false) -> [UInt8] {
        let bytes = Array(bytes)
        var output: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if isWord, byte == UInt8(ascii: "_") {
                output.append(UInt8(ascii: " "))
            } else if byte != UInt8(ascii: "=") {
                output.append(byte)
            } else if index < bytes.count, bytes[index] == UInt8(ascii: "\n") {
                index += 1
            } else if index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\r"),
                bytes[index + 1] == UInt8(ascii: "\n")
            {
                index += 2
            } else if index + 1 < bytes.count,
                let high = digit(bytes[index]), let low = digit(bytes[index + 1])
            {
                output.append(high << 4 | low)
                index += 2
            } else {
                output.append(byte)
            }
        }
        return output
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
