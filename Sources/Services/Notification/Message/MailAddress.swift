/// Which addresses a message can be sent to.
///
/// An `addr-spec` of RFC 5322 §3.4.1 in its usual form: a dot-atom, "@", a host name. Quoted local parts, comments and
/// address literals are refused, and so is anything outside ASCII, which needs SMTPUTF8 (RFC 6531) all the way.
///
/// *Guarantee*: an accepted address holds no white space, no line break and none of `<>,;:"()[]\`. *If broken*: a
/// customer's "address" adds headers or recipients of its own to the message.
enum MailAddress {
    /// RFC 5321 §4.5.3.1: bytes.
    private static let localLimit = 64
    private static let totalLimit = 254
    private static let labelLimit = 63

    /// Nil where a message can be sent there; else what is wrong, without the address itself.
    static func fault(of address: String) -> String? {
        let bytes = Array(address.utf8)
        guard !bytes.isEmpty else { return "the address is empty" }
        guard bytes.count <= totalLimit else {
            return "the address has \(bytes.count) bytes, at most \(totalLimit) are allowed"
        }
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return "the address holds white space, control characters or characters outside ASCII"
        }
        let halves = bytes.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard halves.count == 2 else { return "the address does not hold exactly one @" }
        let labels = halves[1].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard halves[0].count <= localLimit, isDotAtom(halves[0]) else {
            return "what stands before the @ is no mailbox name"
        }
        guard labels.allSatisfy(isHostLabel) else { return "what stands after the @ is no host name" }
        return nil
    }

    private static func isDotAtom(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0.allSatisfy { isLetterOrDigit($0) || atomMarks.contains($0) } }
    }

    private static func isHostLabel(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.count <= labelLimit && bytes.first != UInt8(ascii: "-")
            && bytes.last != UInt8(ascii: "-")
            && bytes.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    /// RFC 5322 §3.2.3, `atext` without letters and digits.
    private static let atomMarks = Set("!#$%&'*+-/=?^_`{|}~".utf8)

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
