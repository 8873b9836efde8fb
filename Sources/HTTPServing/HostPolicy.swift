import NIOCore

/// Which names a server answers to.
///
/// *Guarantee*: a page that a browser loaded from elsewhere cannot make the browser talk to this server as though it were
/// that page's own, whatever the page's name resolves to (DNS rebinding): such a request carries the page's name in `Host`.
/// An address, `localhost` and names below it cannot be pointed here by a stranger. *If broken*: any page that an operator
/// opens can read the dashboard, and place and read orders.
package struct HostPolicy: Sendable {
    /// In lower case.
    private let names: Set<String>

    /// - Parameter names: that a server answers to, besides addresses and `localhost`.
    package init(names: some Sequence<String> = []) {
        self.names = Set(names.map { $0.lowercased() })
    }

    enum Judgement: Equatable {
        case admitted
        /// Well formed, and not a name of this server.
        case foreign
        case malformed
    }

    /// - Parameters:
    ///   - authority: a name or address, with or without a port.
    ///   - onLoopback: whether the client came over loopback. From elsewhere (containers) a name without a dot is the
    ///     server's, too: it stands in no public DNS.
    func judge(_ authority: some StringProtocol, onLoopback: @autoclosure () -> Bool) -> Judgement {
        guard let name = Self.name(of: Substring(authority)) else { return .malformed }
        if name == "localhost" || name.hasSuffix(".localhost") || Self.isAddress(name) || names.contains(name) {
            return .admitted
        }
        return !name.contains(".") && !onLoopback() ? .admitted : .foreign
    }

    /// Without port and final dot, in lower case; nil where it is neither a name nor an address.
    private static func name(of authority: Substring) -> String? {
        var name = authority
        if name.last != "]", let colon = name.lastIndex(of: ":") {
            guard name[name.index(after: colon)...].utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
            name = name[..<colon]
        }
        if name.first == "[" {
            guard name.last == "]" else { return nil }
            return name.dropFirst().dropLast().contains(":") ? String(name) : nil
        }
        if name.last == "." { name = name.dropLast() }
        let isName = name.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || [45, 46, 95].contains($0)
        }
        return isName && !name.isEmpty ? name.lowercased() : nil
    }

    private static func isAddress(_ name: String) -> Bool {
        if name.first == "[" {
            return (try? SocketAddress(ipAddress: String(name.dropFirst().dropLast()), port: 0)) != nil
        }
        // Before anything is resolved: only digits and dots may be an address.
        guard name.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }) else { return false }
        return (try? SocketAddress(ipAddress: name, port: 0)) != nil
    }
}
