import Contracts
import Foundation
import Testing
import TestSupport

@Suite("Timestamps")
struct TimestampTests {
    /// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z.
    private static let range = Int64(-62_167_219_200_000_000)...Int64(253_402_300_799_999_999)

    @Test("text comes back as the same time, from year 0 to 9999, and agrees with Foundation")
    func roundTrip() throws {
        var random = SeededRandom(seed: 4)
        let edges = [
            Self.range.lowerBound, Self.range.upperBound, -1, 0, 1, 951_782_400_000_000, -2_203_891_200_000_001,
        ]
        let some = (0..<3000).map { _ in Int64.random(in: Self.range, using: &random) }
        for microseconds in edges + some {
            let time = Timestamp(microseconds: microseconds)
            #expect(Timestamp(time.description) == time, "\(time)")
            #expect(time.description.count == 27)
            #expect(try JSONDecoder().decode([Timestamp].self, from: JSONEncoder().encode([time])) == [time])
        }
        var formatter = Date.ISO8601FormatStyle(timeZone: .gmt)
        formatter = formatter.year().month().day().time(includingFractionalSeconds: false)
        for _ in 0..<300 {
            let seconds = Int64.random(in: -5_000_000_000...50_000_000_000, using: &random)
            let time = Timestamp(microseconds: seconds * 1_000_000)
            #expect(
                time.description.prefix(19)
                    == Date(timeIntervalSince1970: Double(seconds)).formatted(formatter).prefix(19))
        }
    }

    @Test("every day of 800 years is a day after the one before, leap days included")
    func days() {
        var text = "1600-01-01T00:00:00.000000Z"
        var leapDays = 0
        for _ in 0..<292_194 {
            let next = Timestamp(text).map { ($0 + .seconds(86_400)).description } ?? ""
            #expect(next > text)
            text = next
            if next.dropFirst(5).hasPrefix("02-29") { leapDays += 1 }
        }
        #expect(text == "2400-01-01T00:00:00.000000Z")
        #expect(leapDays == 194)
    }

    @Test(
        "known texts",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.000001Z", 1), ("1970-01-01T00:00:00.1Z", 100_000),
            ("1969-12-31T23:59:59.999999Z", -1), ("2000-02-29T12:00:00Z", 951_825_600_000_000),
            ("2026-11-21T20:23:30.25Z", 1_795_292_610_250_000),
        ])
    func known(text: String, microseconds: Int64) {
        #expect(Timestamp(text)?.microseconds == microseconds)
    }

    @Test(
        "a text that is no time in UTC is refused",
        arguments: [
            "", "2026-11-21", "2026-11-21T20:23:30", "2026-11-21T20:23:30+00:00", "2026-11-21T20:23:30.Z",
            "2026-11-21T20:23:30.1234567Z",
            "2026-11-21 20:23:30Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z", "2026-1-01T00:00:00ZZ", "-026-01-01T00:00:00Z", "2026-01-01T00:00:00,5Z",
            "２026-01-01T00:00Z",
            "2026-01-01T00:00:00z", "2026-01-01T00:00:0 Z", "2026-01-01T00:00:00.+1Z",
        ])
    func malformed(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test("sums and differences saturate instead of trapping")
    func saturation() {
        #expect(Timestamp(microseconds: .max) + .seconds(1) == Timestamp(microseconds: .max))
        #expect(Timestamp(microseconds: .min) + .seconds(-1) == Timestamp(microseconds: .min))
        #expect(Timestamp(microseconds: 5) + .seconds(Int64.max) == Timestamp(microseconds: .max))
        #expect((Timestamp(microseconds: .max) - Timestamp(microseconds: .min)).microseconds == .max)
        #expect((Timestamp(microseconds: .min) - Timestamp(microseconds: .max)).microseconds == .min)
        #expect(Timestamp(microseconds: 3_000_000) - Timestamp(microseconds: 1_000_000) == .seconds(2))
        #expect(Duration.seconds(Int64.min).microseconds == .min)
        #expect(Duration.nanoseconds(1999).microseconds == 1)
        #expect(Timestamp(microseconds: .min).description.hasSuffix("Z"))
        #expect(Timestamp(microseconds: .max).description.hasSuffix("Z"))
    }
}
