/// Dead letters that most likely died of one cause: the same service, error signature and event type.
package struct DeadLetterGroup: Hashable, Sendable {
    package let service: ServiceName
    package let signature: String
    /// '' for bytes that are no event.
    package let type: String

    package init(service: ServiceName, signature: String, type: String) {
        self.service = service
        self.signature = signature
        self.type = type
    }

    /// Eight hex digits, the same on every machine and run: FNV-1a in 32 bits
    /// (datatracker.ietf.org/doc/draft-eastlake-fnv) of service, signature and type, each ended by a zero byte.
    package var id: String {
        var hash: UInt32 = 0x811c_9dc5
        for part in [service.rawValue, signature, type] {
            for byte in Array(part.utf8) + [0] { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
