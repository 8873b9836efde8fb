import FileEventLog
import Foundation
import Testing

@Suite("The real disk")
struct PosixDiskTests {
    @Test(
        "the parent of a path",
        arguments: [
            ("d", "."), (" ", "."), ("é", "."), ("", "."), ("data", "."), ("data/", "."), ("a/b", "a"), ("a//b//", "a"),
            ("/", "/"), ("//", "/"), ("/a", "/"), ("//a", "/"), ("/a/b", "/a"), ("./a", "."), ("../a", ".."),
            ("a/\u{301}b", "a"),
        ])
    func parent(path: String, expected: String) {
        #expect(Path.parent(of: path) == expected)
    }
}
