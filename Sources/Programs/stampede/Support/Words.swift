import Contracts
import Foundation

/// How figures are written for people.
enum Words {
    /// `1,234,567`
    static func count(_ value: some BinaryInteger) -> String {
        let digits = Array(String(value))
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0, digits[index - 1] != "-" { result.append(",") }
            result.append(digit)
        }
        return result
    }

    /// `1 order`, `2 orders`
    static func counted(_ value: some BinaryInteger, _ noun: String) -> String {
        "\(count(value)) \(noun)\(value == 1 ? "" : "s")"
    }

    /// `812 µs`, `3.1 ms`, `2.5 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`
    static func duration(microseconds: Int64) -> String {
        let sign = microseconds < 0 ? "-" : ""
        let size = microseconds.magnitude
        switch size {
        case ..<1000: return "\(sign)\(size) µs"
        case ..<1_000_000: return "\(sign)\(tenths(size, 1000)) ms"
        case ..<60_000_000: return "\(sign)\(tenths(size, 1_000_000)) s"
        default: break
        }
        let seconds = size / 1_000_000
        switch seconds {
        case ..<3600: return "\(sign)\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400: return "\(sign)\(seconds / 3600) h \(seconds / 60 % 60) min"
        default: return "\(sign)\(seconds / 86_400) d \(seconds / 3600 % 24) h"
        }
    }

    static func duration(seconds: Double) -> String {
        duration(microseconds: Int64(clamping: Int(max(-1e12, min(1e12, seconds)) * 1e6)))
    }

    /// `45 s`, `3 min`, `2 h`, `5 d`
    static func age(seconds: Double) -> String {
        let whole = Int64(max(0, min(1e12, seconds)))
        switch whole {
        case ..<60: return "\(whole) s"
        case ..<3600: return "\(whole / 60) min"
        case ..<86_400: return "\(whole / 3600) h"
        default: return "\(whole / 86_400) d"
        }
    }

    /// `0.1 s`, `1,234.5 s`
    static func seconds(_ value: Double) -> String {
        let tenths = Int64(max(0, min(1e12, value)) * 10)
        return "\(count(tenths / 10)).\(tenths % 10) s"
    }

    private static func tenths(_ size: UInt64, _ unit: UInt64) -> String {
        "\(size / unit).\(size % unit * 10 / unit)"
    }

    /// `120 MB`, `61 GB`
    static func bytes(_ value: Int64) -> String {
        switch value {
        case ..<10_000_000: "\(value / 1000) kB"
        case ..<10_000_000_000: "\(value / 1_000_000) MB"
        default: "\(value / 1_000_000_000) GB"
        }
    }

    /// `20:23:30.123` in UTC.
    static func clock(_ time: Timestamp) -> String {
        let text = time.description
        guard let start = text.firstIndex(of: "T") else { return text }
        return String(text[text.index(after: start)...].prefix(12))
    }

    /// What tells one id from another at a glance: its end, for the beginning is the time.
    static func short(_ subject: String) -> String {
        OrderID(subject) == nil ? subject : "…" + subject.suffix(8)
    }

    /// `P-0001×2 P-0002×1`
    static func lines(_ lines: JSONValue?) -> String {
        (lines?.elements ?? []).map { line in
            "\(line["productID"]?.text ?? line["productId"]?.text ?? "?")×\(line["quantity"]?.whole ?? 0)"
        }.joined(separator: " ")
    }

    static func money(_ value: JSONValue?) -> String? {
        guard let amount = value?["amount"]?.whole, let currency = value?["currency"]?.text else { return nil }
        return Money(amount: amount, currency: currency).text
    }

    static func now() -> Timestamp {
        Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1e6))
    }
}
