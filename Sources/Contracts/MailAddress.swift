/// Which addresses a customer can be written to: the checkout takes no other, and Notification writes to no other.
///
/// A dot-string and a domain as RFC 5321 §4.1.2 writes them, in ASCII: atoms with single dots between them, "@", labels of
/// letters, digits and inner hyphens, the last one not a number. Quoted local parts, comments, address literals, a final dot, and what needs SMTPUTF8
/// (RFC 6531) are refused; so is `=?`, with which an encoded word begins (RFC 2047): a mail reader may show another address.
///
/// *Guarantee*: an accepted address holds no white space, no line break and none of `<>,;:"()[]\`, and comes out of the
/// mailbox as it went in. *If broken*: a customer's "address" adds headers or recipients of its own to the message.
package enum MailAddress {
    /// RFC 5321 §4.5.3.1, RFC 1035 §2.3.4: bytes.
    private static let localLimit = 64
    private static let totalLimit = 254
    private static let labelLimit = 63

    /// What is wrong, without the address itself; nil where a message can be sent there.
    package static func fault(of address: String) -> String? {
        let bytes = Array(address.utf8)
        guard !bytes.isEmpty else { return "the address is empty" }
        guard bytes.count <= totalLimit else {
            return "the address has \(bytes.count) bytes, at most \(totalLimit) are allowed"
        }
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return "the address has white space, control characters or characters outside ASCII"
        }
        let halves = bytes.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard halves.count == 2 else { return "the address does not have exactly one @" }
        return localFault(halves[0]) ?? domainFault(halves[1])
    }

    private static func localFault(_ local: ArraySlice<UInt8>) -> String? {
        guard !local.isEmpty else { return "the address has nothing before the @" }
        guard local.count <= localLimit else {
            return "the address has \(local.count) bytes before the @, at most \(localLimit) are allowed"
        }
        let atoms = local.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard atoms.allSatisfy({ !$0.isEmpty }) else {
            return "before the @, a dot must have other characters on both sides"
        }
        guard atoms.joined().allSatisfy({ isLetterOrDigit($0) || atomMarks.contains($0) }) else {
            return "before the @, only letters, digits, dots and !#$%&'*+-/=?^_`{|}~ are allowed"
        }
        guard !zip(local, local.dropFirst()).contains(where: { $0 == UInt8(ascii: "=") && $1 == UInt8(ascii: "?") })
        else { return "before the @, '=?' is not allowed: it begins an encoded word" }
        return nil
    }

    private static func domainFault(_ domain: ArraySlice<UInt8>) -> String? {
        let labels = domain.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.allSatisfy({ !$0.isEmpty }) else {
            return domain.isEmpty
                ? "the address has nothing after the @"
                : "after the @, a dot must have other characters on both sides"
        }
        guard labels.allSatisfy({ $0.count <= labelLimit }) else {
            return "after the @, at most \(labelLimit) characters are allowed between two dots"
        }
        guard labels.joined().allSatisfy({ isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }) else {
            return "after the @, only letters, digits, hyphens and dots are allowed"
        }
        guard labels.allSatisfy({ $0.first != UInt8(ascii: "-") && $0.last != UInt8(ascii: "-") }) else {
            return "after the @, a hyphen must have a letter or digit on both sides"
        }
        // RFC 3696 §2: so it is no host's name, and an IP address is none either.
        guard labels.last?.allSatisfy({ (0x30...0x39).contains($0) }) == false else {
            return "after the @, the last part must not be a number"
        }
        return nil
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
