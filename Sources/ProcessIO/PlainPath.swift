/// Paths that SQLite takes for paths.
package enum PlainPath {
    /// *Why*: SQLite takes a relative name that begins with `file:` for an address (sqlite.org/uri.html), and its `?` for
    /// options. *If broken*: the log lies in one directory and the databases in another.
    package static func of(_ path: String) -> String {
        path.hasPrefix("file:") ? "./" + path : path
    }
}
