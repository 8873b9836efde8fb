import ArgumentParser
import Contracts
import Foundation

/// A time as `--since` takes it: so long ago (`-10m`, `90s`, `1h30m`), of today (`19:05`), or whole
/// (`2026-11-22T19:05:00Z`, `2026-11-22 19:05`, `2026-11-22`). UTC.
struct SinceTime: ExpressibleByArgument {
    private enum Form {
        case ago(Duration)
        case clock(String)
        case whole(Timestamp)
    }

    private let form: Form

    init?(argument: String) {
        if let ago = Self.duration(argument.drop { $0 == "-" }) {
            form = .ago(ago)
        } else if let clock = Self.clock(argument[...]), Timestamp("1970-01-01T\(clock)Z") != nil {
            form = .clock(clock)
        } else if let whole = Self.whole(argument) {
            form = .whole(whole)
        } else {
            return nil
        }
    }

    func time(at now: Timestamp) -> Timestamp {
        switch form {
        case .ago(let duration): now - duration
        // The day's text is ten characters of a time's, and the clock was tried.
        case .clock(let clock): Timestamp("\(now.description.prefix(10))T\(clock)Z") ?? now
        case .whole(let time): time
        }
    }

    private static let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    /// A century.
    private static let longest: Int64 = 100 * 366 * 86_400

    /// `1h30m`
    private static func duration(_ text: Substring) -> Duration? {
        var seconds: Int64 = 0
        var number = ""
        for character in text {
            if character.isASCII, character.isNumber {
                number.append(character)
            } else {
                guard let unit = units[character], let count = Int64(number), count <= longest / unit else {
                    return nil
                }
                seconds += count * unit
                number = ""
            }
            guard seconds <= longest else { return nil }
        }
        return number.isEmpty && !text.isEmpty ? .seconds(seconds) : nil
    }

    /// `19:05` or `19:05:30`, with seconds.
    private static func clock(_ text: Substring) -> String? {
        guard text.utf8.allSatisfy({ $0 == UInt8(ascii: ":") || (48...57).contains($0) }) else { return nil }
        switch text.utf8.count {
        case 5: return text + ":00"
        case 8: return String(text)
        default: return nil
        }
    }

    private static func whole(_ text: String) -> Timestamp? {
        if let time = Timestamp(text) { return time }
        let parts = text.split(maxSplits: 1) { $0 == "T" || $0 == " " }
        guard let day = parts.first else { return nil }
        if parts.count == 1 { return Timestamp("\(day)T00:00:00Z") }
        return clock(parts[1].hasSuffix("Z") ? parts[1].dropLast() : parts[1]).flatMap { Timestamp("\(day)T\($0)Z") }
    }
}
