/// A point in time: microseconds since 1970-01-01T00:00:00Z. Text: RFC 3339 in UTC with six decimals.
package struct Timestamp: Hashable, Comparable, Sendable {
    package var microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.microseconds < right.microseconds
    }

    /// Saturates: a time that stands in an event is data, and no data may stop a process.
    package static func + (time: Self, duration: Duration) -> Self {
        let (sum, overflow) = time.microseconds.addingReportingOverflow(duration.microseconds)
        return Self(microseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    package static func - (time: Timestamp, duration: Duration) -> Timestamp {
        time + (.zero - duration)
    }

    /// The time from `right` to `left`; saturates.
    package static func - (left: Self, right: Self) -> Duration {
        let (difference, overflow) = left.microseconds.subtractingReportingOverflow(right.microseconds)
        return .microseconds(overflow ? (left < right ? .min : .max) : difference)
    }
}

extension Duration {
    /// Whole microseconds, rounded towards zero; saturates at 292,000 years.
    package var microseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, overflowToo) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return overflow || overflowToo ? (seconds < 0 ? .min : .max) : sum
    }
}

// MARK: - Text (RFC 3339)

extension Timestamp: CustomStringConvertible {
    package var description: String {
        let time = CivilTime(self)
        var text: [UInt8] = []
        text.reserveCapacity(28)
        func put(_ value: Int64, _ width: Int, _ mark: Unicode.Scalar) {
            let first = text.count
            var rest = value.magnitude
            repeat {
                text.append(UInt8(ascii: "0") + UInt8(rest % 10))
                rest /= 10
            } while rest > 0 || text.count - first < width
            if value < 0 { text.append(UInt8(ascii: "-")) }
            text[first...].reverse()
            text.append(UInt8(ascii: mark))
        }
        put(time.year, 4, "-")
        put(time.month, 2, "-")
        put(time.day, 2, "T")
        put(time.hour, 2, ":")
        put(time.minute, 2, ":")
        put(time.second, 2, ".")
        put(time.microsecond, 6, "Z")
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads `2026-11-21T20:23:30Z`, with up to six decimals; nil for anything else (offsets other than `Z` included).
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 27, bytes.last == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            range.reduce(Int64?(0)) { value, index in
                guard let value, bytes[index] >= 48, bytes[index] <= 57 else { return nil }
                return value * 10 + Int64(bytes[index] - 48)
            }
        }
        let punctuation: [(Int, Character)] = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")]
        guard punctuation.allSatisfy({ bytes[$0.0] == $0.1.asciiValue }),
            let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        var fraction: Int64 = 0
        if bytes.count > 20 {
            guard bytes[19] == UInt8(ascii: "."), bytes.count > 21, let value = number(20..<bytes.count - 1) else {
                return nil
            }
            fraction = (bytes.count - 21..<6).reduce(value) { value, _ in value * 10 }
        }
        let days = Self.days(year: year, month: month, day: day)
        guard Self.civil(fromDays: days) == (year, month, day) else { return nil }
        self.init(microseconds: ((days * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000 + fraction)
    }

    // Days since 1970 and the proleptic Gregorian calendar: Howard Hinnant, "chrono-compatible low-level date algorithms".
    fileprivate static func civil(fromDays days: Int64) -> (Int64, Int64, Int64) {
        let (era, dayOfEra) = (days + 719_468).flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = shiftedYear.flooredDivision(by: 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

/// A time as a calendar and a clock in UTC show it.
package struct CivilTime: Equatable, Sendable {
    package let year, month, day, hour, minute, second, microsecond: Int64
    /// 0 is Sunday.
    package let weekday: Int64

    package init(_ time: Timestamp) {
        let (days, dayMicroseconds) = time.microseconds.flooredDivision(by: 86_400_000_000)
        (year, month, day) = Timestamp.civil(fromDays: days)
        let seconds = dayMicroseconds / 1_000_000
        (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
        microsecond = dayMicroseconds % 1_000_000
        weekday = (days + 4).flooredDivision(by: 7).remainder  // 1970-01-01 was a Thursday
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

extension Timestamp: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(text)' is not an RFC 3339 time in UTC")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
