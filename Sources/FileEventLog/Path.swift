/// What a path says by itself, whatever the disk.
package enum Path {
    /// The directory in which a path's last component is; of a relative path of one component, `.`.
    ///
    /// *Why by hand*: `NSString.deletingLastPathComponent` traps on `d`, and on every other path of one character.
    package static func parent(of path: String) -> String {
        let slash = UInt8(ascii: "/")
        func trimmed(_ bytes: Substring.UTF8View) -> Substring.UTF8View {
            var bytes = bytes
            while bytes.last == slash { bytes.removeLast() }
            return bytes
        }
        let own = trimmed(path[...].utf8)
        guard let end = own.lastIndex(of: slash) else { return path.utf8.first == slash ? "/" : "." }
        let parent = trimmed(own[..<end])
        return parent.isEmpty ? "/" : String(Substring(parent))
    }
}
