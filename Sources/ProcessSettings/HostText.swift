import Foundation

/// What can stand where a setting wants an address or a host.
enum HostText {
    /// An IPv4 or IPv6 address in its usual text form: what a server can be bound to without asking anybody.
    static func isAddress(_ text: String) -> Bool {
        var storage = in6_addr()
        return inet_pton(AF_INET, text, &storage) == 1 || inet_pton(AF_INET6, text, &storage) == 1
    }

    /// An address, or a name; whether anybody answers to it shows when it is called.
    static func isHost(_ text: String) -> Bool { isAddress(text) || isName(text[...]) }

    /// What stands between commas; nothing where there is nothing.
    static func list(_ text: String) -> [String] {
        text.isEmpty
            ? []
            : text.split(separator: ",", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
    }

    /// RFC 1123 §2.1. Digits alone at the end are an address with a mistake in it.
    private static func isName(_ text: Substring) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 253 && labels.last?.allSatisfy(\.isWholeNumber) == false
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
            }
    }

    /// RFC 5322 §3.2.3: a dot-atom, an @, a name; nothing that could end a mail's header line.
    static func isMailAddress(_ text: String) -> Bool {
        let halves = text.split(separator: "@", omittingEmptySubsequences: false)
        return halves.count == 2 && text.utf8.count <= 254 && !text.contains("=?") && halves[0].utf8.count <= 64
            && isName(halves[1])
            && halves[0].split(separator: ".", omittingEmptySubsequences: false).allSatisfy { atom in
                !atom.isEmpty && atom.utf8.allSatisfy { isAlphanumeric($0) || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0) }
            }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
