import Foundation

/// Where a collector of traces listens.
package struct CollectorAddress: SettingValue, Equatable, CustomStringConvertible {
    package let host: String
    package let port: Int

    /// Of `http://HOST:PORT`, perhaps with a slash; nil for anything else.
    package init?(_ text: String) {
        guard let url = URLComponents(string: text), url.scheme == "http", let host = url.host, !host.isEmpty,
            let port = url.port, (1...65535).contains(port), ["", "/"].contains(url.path), url.query == nil,
            url.user == nil
        else { return nil }
        self.host = host
        self.port = port
    }

    package init?(settingText: String) { self.init(settingText) }
    package var settingText: String { description }

    package var description: String { "http://\(host):\(port)" }
}
