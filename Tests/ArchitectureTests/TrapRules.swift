import Foundation

/// Indices that a failed expectation turns into the end of the whole test run.
///
/// `#expect(list.count == 2)` goes on when it fails; `list[1]` behind it then traps, and no other test is heard of. What is
/// indexed is required before: `try #require(list.count == 2)`, or read with `first`.
enum TrapRules {
    /// Lines of a test file, from 1, at which a list is indexed that was expected, and not required, to be long enough.
    static func faults(in lines: [String]) -> [Int] {
        var faults: [Int] = []
        var expected: [String: Int] = [:]
        var required: Set<String> = []
        for (number, line) in lines.enumerated() {
            let code = line.replacing(#/"(?:\\.|[^"\\])*"/#, with: "\"\"").prefix(upTo: "//")
            if code.contains(#/^\s*(@Test|((private|static|package|mutating|@\w+) )*(func|init)\b)/#) {
                expected = [:]
                required = []
            }
            for match in code.matches(of: #/((?:\w+\.)*[A-Za-z]\w*)\[\d+\]/#) {
                let name = String(match.1)
                let isFinding = ["violations", "waits", "explained", "notes"].contains {
                    $0 == name.split(separator: ".").last ?? ""
                }
                let isExpected = expected[name].map { $0 != number } ?? false
                if !required.contains(name), isFinding || isExpected { faults.append(number + 1) }
            }
            guard let call = code.firstMatch(of: #/(#expect|#require|\bif|\bguard)\b(.*)/#) else { continue }
            for match in call.2.matches(of: #/((?:\w+\.)*[A-Za-z]\w*)(\.count|\.isEmpty|\.map|\.first|\.last| ==)/#) {
                // The list itself, of `list.count == 2` too.
                let name = String(match.1).replacing(#/\.(count|isEmpty|first|last)$/#, with: "")
                if call.1 != "#expect" {
                    required.insert(name)
                } else {
                    expected[name] = expected[name] ?? number
                }
            }
        }
        return faults
    }
}

extension String {
    fileprivate func prefix(upTo mark: String) -> String { String(self[..<(range(of: mark)?.lowerBound ?? endIndex)]) }
}
