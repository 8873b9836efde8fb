import Foundation

/// What must stand nowhere but where it is needed, and the places where somebody wrote it all the same.
struct Secrets: Sendable {
    /// By what they are, such as `card of 3`; with each form in which a text may hold them.
    private var all: [(what: String, text: String, forms: [[UInt8]])] = []

    var count: Int { all.count }

    mutating func add(_ what: String, _ text: String) {
        let encoded = text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
        let forms = Set([
            text, encoded, text.replacingOccurrences(of: "@", with: "%40"), Data(text.utf8).base64EncodedString(),
        ])
        all.append((what, text, forms.map { Array($0.utf8) }))
    }

    /// The names of those that the bytes hold.
    ///
    /// - Parameter allowed: one that may stand there.
    func found(in bytes: some Sequence<UInt8>, but allowed: String? = nil) -> [String] {
        Array(bytes).withUnsafeBytes { bytes in
            all.filter { $0.text != allowed }.filter { secret in
                secret.forms.contains { Self.holds(bytes, $0) }
            }.map(\.what)
        }
    }

    private static func holds(_ bytes: UnsafeRawBufferPointer, _ form: [UInt8]) -> Bool {
        var rest = bytes
        while rest.count >= form.count, let start = rest.baseAddress,
            let hit = memchr(start, Int32(form[0]), rest.count - form.count + 1)
        {
            if memcmp(hit, form, form.count) == 0 { return true }
            rest = UnsafeRawBufferPointer(rebasing: rest[(UnsafeRawPointer(hit) - start + 1)...])
        }
        return false
    }

    /// What is found in the files of a folder, whatever they are.
    func found(inFilesOf folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder).flatMap { name -> [String] in
            guard let data = FileManager.default.contents(atPath: folder + "/" + name) else { return [] }
            return found(in: data).map { "\(name): \($0)" }
        }
    }
}
