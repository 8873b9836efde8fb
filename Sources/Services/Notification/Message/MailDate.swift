package import Contracts

/// Times as mail writes them, in UTC.
package enum MailDate {
    /// RFC 5322 §3.3: `Sun, 01 Mar 2026 12:00:00 +0000`.
    package static func header(_ time: Timestamp) -> String {
        let time = CivilTime(time)
        return "\(weekday(time)), \(two(time.day)) \(month(time)) \(time.year) \(clock(time)) +0000"
    }

    /// What the "From " line of an mbox carries (asctime, as in RFC 4155): `Sun Mar  1 12:00:00 2026`.
    package static func separator(_ time: Timestamp) -> String {
        let time = CivilTime(time)
        let day = time.day < 10 ? " \(time.day)" : "\(time.day)"
        return "\(weekday(time)) \(month(time)) \(day) \(clock(time)) \(time.year)"
    }

    private static func clock(_ time: CivilTime) -> String {
        "\(two(time.hour)):\(two(time.minute)):\(two(time.second))"
    }

    private static func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }

    private static func month(_ time: CivilTime) -> String { months[Int(time.month) - 1] }

    private static func weekday(_ time: CivilTime) -> String { weekdays[Int(time.weekday)] }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
}
