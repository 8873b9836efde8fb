/// The name a client gives to one intent, so that asking twice is the same as asking once.
struct IdempotencyKey: Hashable, Sendable, CustomStringConvertible {
    static let longest = 255

    let text: String

    var description: String { text }

    /// Takes 1 to 255 visible ASCII characters.
    init(_ text: String?, parameter: String = "Idempotency-Key") throws(Refusal) {
        guard let text, !text.isEmpty else {
            throw .invalid(
                parameter: parameter, "\(parameter) is missing: send 1 to \(Self.longest) visible ASCII characters.")
        }
        guard text.utf8.count <= Self.longest else {
            throw .invalid(
                parameter: parameter, "\(parameter) has \(text.utf8.count) bytes, at most \(Self.longest) are taken.")
        }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .invalid(parameter: parameter, "\(parameter) may hold visible ASCII characters only.")
        }
        self.text = text
    }
}
