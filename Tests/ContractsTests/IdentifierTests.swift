import Contracts
import Foundation
import Testing
import TestSupport

@Suite("Ids")
struct IdentifierTests {
    private func some(_ count: Int) -> [EventID] {
        var random = SeededRandom(seed: 1)
        return (0..<count).map { _ in EventID(high: random.next(), low: random.next()) }
    }

    @Test("text and bytes come back as the same id")
    func roundTrip() throws {
        for id in some(500) + [EventID(high: 0, low: 0), EventID(high: .max, low: .max)] {
            #expect(EventID(id.description) == id)
            #expect(EventID(id.description.uppercased()) == id)
            #expect(EventID(bytes: id.bytes) == id)
            #expect(EventID(bytes: Data(id.bytes)) == id)
            #expect(id.description == UUID(uuidString: id.description)?.uuidString.lowercased())
            #expect(try JSONDecoder().decode([EventID].self, from: JSONEncoder().encode([id])) == [id])
        }
    }

    @Test("ids, their bytes and their texts sort alike")
    func order() {
        let ids = some(200).sorted()
        #expect(ids.map(\.bytes) == ids.map(\.bytes).sorted { $0.lexicographicallyPrecedes($1) })
        #expect(ids.map(\.description) == ids.map(\.description).sorted())
    }

    @Test(
        "a text that is no UUID is refused",
        arguments: [
            "", "0", "01234567-89ab-cdef-0123-456789abcde", "01234567-89ab-cdef-0123-456789abcdef0",
            "0123456789ab-cdef-0123-456789abcdef0", "01234567-89ab-cdef-0123-456789abcdeg",
            "01234567_89ab_cdef_0123_456789abcdef",
            "{1234567-89ab-cdef-0123-456789abcdef}", " 1234567-89ab-cdef-0123-456789abcdef",
            "01234567-89ab-cdef-0123-456789abcdé",
            "０1234567-89ab-cdef-0123-456789abcd", "0123456-789ab-cdef-0123-456789abcdef",
            String(repeating: "0", count: 36),
            String(repeating: "-", count: 36),
        ])
    func malformed(text: String) {
        #expect(EventID(text) == nil)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([EventID].self, from: JSONEncoder().encode([text]))
        }
    }

    @Test("other than sixteen bytes are no id", arguments: [0, 1, 15, 17, 32])
    func wrongByteCount(count: Int) {
        #expect(EventID(bytes: [UInt8](repeating: 1, count: count)) == nil)
    }

    @Test("a UUIDv7 has its version, its variant and its millisecond, and sorts by it")
    func version7() {
        var random = SeededRandom(seed: 2)
        var before: OrderID?
        for step in 0..<300 {
            let milliseconds = UInt64(1_700_000_000_000 + step * 17)
            let id = OrderID.version7(
                at: Timestamp(microseconds: Int64(milliseconds) * 1000 + 999),
                randomBits: (random.next(), random.next()))
            #expect(id.milliseconds == milliseconds)
            #expect(id.bytes[6] >> 4 == 7)
            #expect(id.bytes[8] >> 6 == 0b10)
            if let before { #expect(before < id) }
            before = id
        }
        let all = OrderID.version7(at: Timestamp(microseconds: 0), randomBits: (.max, .max))
        #expect(all.description == "00000000-0000-7fff-bfff-ffffffffffff")
        #expect(OrderID.version7(at: Timestamp(microseconds: -5), randomBits: (0, 0)).milliseconds == 0)
        #expect(OrderID.version7(at: Timestamp(microseconds: .max), randomBits: (0, 0)).bytes[6] >> 4 == 7)
    }

    @Test("a UUIDv8 has its version and variant, the millisecond of its cause, and the same bytes for the same digest")
    func version8() {
        let digest = [UInt8](0..<32)
        let id = EventID.version8(milliseconds: 0x0123_4567_89AB, digest: digest)
        #expect(id.description == "01234567-89ab-8607-8809-0a0b0c0d0e0f")
        #expect(id == EventID.version8(milliseconds: 0x0123_4567_89AB, digest: digest))
        #expect(id != EventID.version8(milliseconds: 0x0123_4567_89AB, digest: digest.reversed()))
        #expect(id.milliseconds == 0x0123_4567_89AB)
        let full = EventID.version8(milliseconds: .max, digest: [UInt8](repeating: 255, count: 32))
        #expect(full.description == "ffffffff-ffff-8fff-bfff-ffffffffffff")
        #expect(
            EventID.version8(milliseconds: 1, digest: [UInt8]()).description == "00000000-0001-8000-8000-000000000000")
    }

    @Test("an order's id is its checkout's correlation id")
    func rebound() {
        let order = OrderID(high: 5, low: 6)
        let correlation: CorrelationID = order.rebound()
        #expect(correlation.bytes == order.bytes)
    }
}
