import Contracts
import Foundation
import Testing
import TestSupport

@Suite("An event's bytes", .timeLimit(.minutes(5)))
struct EventCodingTests {
    private static func someEvent(_ random: inout SeededRandom) -> Envelope {
        func text(_ maximum: Int) -> String {
            let letters: [Character] = ["a", "Z", "/", "é", "😀", "\n", "\u{0}", " ", "\u{301}"]
            var text = ""
            for _ in 0..<random.below(20) where text.utf8.count < maximum - 4 {
                text.append(letters[random.below(letters.count)])
            }
            return text
        }
        func id<Owner>() -> Identifier<Owner> { Identifier(high: random.next(), low: random.next()) }
        let data = random.bytes([0, 1, 7, 200, 3000][random.below(5)])
        return Envelope(
            id: id(), source: text(255), type: text(255), subject: text(255),
            time: Timestamp(microseconds: Int64(bitPattern: random.next())),
            correlationID: id(), causationID: random.below(2) == 0 ? nil : id(),
            twinOf: random.below(2) == 0 ? nil : id(),
            traceparent: random.below(2) == 0 ? nil : text(255), data: data)
    }

    private static let sample = Envelope(
        id: EventID(high: 1, low: 2), source: "/stampede/order", type: "v1.OrderCreated", subject: "s",
        time: Timestamp(microseconds: 9),
        correlationID: CorrelationID(high: 3, low: 4), causationID: EventID(high: 5, low: 6),
        twinOf: EventID(high: 7, low: 8),
        traceparent: "00-a-b-01", data: Array("{}".utf8))

    @Test("any envelope comes back as it was, from one sequence of bytes")
    func roundTrip() throws {
        var random = SeededRandom(seed: 7)
        for _ in 0..<2000 {
            let event = Self.someEvent(&random)
            let bytes = try EventCoding.encode(event)
            let decoded = try EventCoding.decode(bytes)
            #expect(decoded == event)
            #expect(try EventCoding.encode(decoded) == bytes)
            #expect(try EventCoding.id(of: bytes[...]) == event.id)
            #expect(try EventCoding.type(of: bytes[...]) == event.type)
        }
    }

    @Test("every prefix of an event, and an event with a byte behind it, is refused")
    func prefixes() throws {
        let bytes = try EventCoding.encode(Self.sample)
        for count in 0..<bytes.count {
            #expect(throws: EventCodingError.self, "\(count) bytes") { try EventCoding.decode(Array(bytes[..<count])) }
        }
        #expect(throws: EventCodingError.self) { try EventCoding.decode(bytes + [0]) }
        #expect(throws: EventCodingError.self) { try EventCoding.id(of: bytes[..<47]) }
    }

    @Test("every bit flipped: refused, or an event whose bytes are these")
    func flippedBits() throws {
        let bytes = try EventCoding.encode(Self.sample)
        var refused = 0
        for bit in 0..<bytes.count * 8 {
            var broken = bytes
            broken[bit / 8] ^= 1 << UInt8(bit % 8)
            do {
                let event = try EventCoding.decode(broken)
                #expect(event != Self.sample)
                #expect(try EventCoding.encode(event) == broken, "bit \(bit)")
            } catch {
                #expect(error is EventCodingError)
                refused += 1
            }
        }
        #expect(refused >= 64 + 8, "version, flags and lengths are checked")
    }

    @Test("random bytes never crash the decoder")
    func noise() {
        var random = SeededRandom(seed: 8)
        for round in 0..<5000 {
            var bytes = random.bytes(random.below(200))
            if bytes.count > 8 {
                bytes[0] = 1
                bytes[1] &= 7
                if round % 2 == 0, bytes.count >= 60 {
                    let header = 48 + random.below(bytes.count - 48)
                    bytes.replaceSubrange(2..<8, with: [UInt8(header), 0, UInt8(bytes.count - header), 0, 0, 0])
                }
            }
            let type = try? EventCoding.type(of: bytes[...])
            if let event = try? EventCoding.decode(bytes) {
                #expect((try? EventCoding.encode(event)) == bytes)
                #expect(type == event.type)
            }
        }
    }

    @Test("an unknown version and unknown flags are refused")
    func unknown() throws {
        var bytes = try EventCoding.encode(Self.sample)
        try #require(bytes.count > 1)
        bytes[0] = 2
        #expect(throws: EventCodingError.unknownVersion(2)) { try EventCoding.decode(bytes) }
        #expect(throws: EventCodingError.unknownVersion(2)) { try EventCoding.type(of: bytes[...]) }
        for flag in 3..<8 {
            bytes = try EventCoding.encode(Self.sample)
            bytes[1] |= 1 << UInt8(flag)
            #expect(throws: EventCodingError.self) { try EventCoding.decode(bytes) }
            #expect(throws: EventCodingError.self) { try EventCoding.type(of: bytes[...]) }
        }
    }

    @Test("the limits: 255 bytes an attribute, 64 KiB an event, 256 KiB a dead letter")
    func limits() throws {
        var event = Self.sample
        event.subject = String(repeating: "é", count: 127) + "a"
        #expect(try EventCoding.decode(EventCoding.encode(event)) == event)
        event.subject += "a"
        #expect(throws: EventCodingError.attributeTooLong(name: "subject", bytes: 256)) {
            try EventCoding.encode(event)
        }
        event.subject = "s"
        for (type, limit) in [("v1.OrderCreated", 64 * 1024), (V1.EventDeadLettered.type, 256 * 1024)] {
            event.type = type
            event.data = []
            let room = limit - (try EventCoding.encode(event).count)
            event.data = [UInt8](repeating: 32, count: room)
            #expect(try EventCoding.encode(event).count == limit)
            event.data.append(32)
            #expect(throws: EventCodingError.tooLarge(type: type, subject: "s", bytes: limit + 1, limit: limit)) {
                try EventCoding.encode(event)
            }
        }
    }

    @Test("the layout on the page is the layout in the bytes")
    func layout() throws {
        let bytes = try EventCoding.encode(Self.sample)
        try #require(bytes.count > 80)
        let header = 48 + 32 + 16 + 16 + 2 + 10
        #expect(bytes[..<8] == [1, 7, UInt8(header), 0, 2, 0, 0, 0])
        #expect(bytes[8..<16] == [9, 0, 0, 0, 0, 0, 0, 0])
        #expect(bytes[16..<32] == Self.sample.id.bytes[...])
        #expect(bytes[32..<48] == Self.sample.correlationID.bytes[...])
        #expect(bytes[80] == 15)
        #expect(bytes[header...] == Array("{}".utf8)[...])
    }
}
