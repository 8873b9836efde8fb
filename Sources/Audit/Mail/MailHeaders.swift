import Contracts

/// The headers that Notification writes.
enum MailHeaders {
    static let sender = "Stampede"
    static let domain = "stampede.example"
    static let address = "orders@\(domain)"

    static func messageID(of event: EventID) -> String { "<\(event)@\(domain)>" }

    /// The event that a Message-ID names; nil for anything else.
    static func event(of messageID: String) -> EventID? {
        guard messageID.hasPrefix("<"), messageID.hasSuffix("@\(domain)>"),
            let event = EventID(messageID.dropFirst().dropLast(domain.count + 2)),
            self.messageID(of: event) == messageID
        else { return nil }
        return event
    }

    /// RFC 5322 §3.3: `Sun, 01 Mar 2026 12:00:00 +0000`.
    static func date(_ time: Timestamp) -> String {
        let time = CivilTime(time)
        return "\(weekday(time)), \(two(time.day)) \(month(time)) \(time.year) \(clock(time)) +0000"
    }

    /// The "From " line: sender, and the date as asctime writes it (RFC 4155).
    static func separator(_ time: Timestamp) -> String {
        let time = CivilTime(time)
        let day = time.day < 10 ? " \(time.day)" : "\(time.day)"
        return "From \(address) \(weekday(time)) \(month(time)) \(day) \(clock(time)) \(time.year)"
    }

    /// Of a `Date` as it is written above; nil for any other text.
    static func time(ofDate text: String) -> Timestamp? {
        let words = text.split(separator: " ").map(String.init)
        guard words.count == 6, let month = months.firstIndex(of: words[2]),
            let time = Timestamp("\(words[3])-\(two(Int64(month + 1)))-\(words[1])T\(words[4])Z"), date(time) == text
        else { return nil }
        return time
    }

    private static func clock(_ time: CivilTime) -> String {
        "\(two(time.hour)):\(two(time.minute)):\(two(time.second))"
    }

    private static func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }

    private static func month(_ time: CivilTime) -> String {
        let index = Int(time.month) - 1
        return months.indices.contains(index) ? months[index] : "?"
    }

    private static func weekday(_ time: CivilTime) -> String {
        let index = Int(time.weekday)
        return weekdays.indices.contains(index) ? weekdays[index] : "?"
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
}
