package import Contracts

/// Times as mail writes them, in UTC.
package enum MailDate {
    /// RFC 5322 §3.3: `Sun, 01 Mar 2026 12:00:00 +0000`.
    package static func header(_ time: Timestamp) -> String {
        let parts = Parts(time)
        return "\(parts.weekday), \(parts.day) \(parts.month) \(parts.year) \(parts.clock) +0000"
    }

    /// What the "From " line of an mbox carries (asctime, as in RFC 4155): `Sun Mar  1 12:00:00 2026`.
    package static func separator(_ time: Timestamp) -> String {
        let parts = Parts(time)
        let day = parts.day.hasPrefix("0") ? " \(parts.day.dropFirst())" : "\(parts.day)"
        return "\(parts.weekday) \(parts.month) \(day) \(parts.clock) \(parts.year)"
    }

    /// Cut out of the RFC 3339 text, which knows the calendar.
    private struct Parts {
        let year: Substring
        let month: String
        let day: Substring
        let clock: Substring
        let weekday: String

        private static let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

        init(_ time: Timestamp) {
            let text = time.description  // 2026-03-01T12:00:00.000000Z
            let fields = text.split(whereSeparator: { $0 == "-" || $0 == "T" || $0 == "." })
            year = fields[0]
            month = Self.months[(Int(fields[1]) ?? 1) - 1]
            day = fields[2]
            clock = fields[3]
            // 1970-01-01 was a Thursday.
            let days = Int((Double(time.microseconds) / 86_400e6).rounded(.down))
            weekday = Self.weekdays[((days + 4) % 7 + 7) % 7]
        }
    }
}
