import Foundation
import TestSupport

/// The mailbox of a run, and how a message in it is forged: `docs/reference/mailbox.md` says what a frame is.
struct EvidenceMail {
    private let path: String
    private let messages: [Message]

    private struct Message {
        /// The separator line, with its end.
        var separator: [UInt8]
        /// Behind the frame line.
        var body: [UInt8]

        /// With the frame that belongs to the body.
        var framed: [UInt8] {
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in body { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            let digits = String(hash, radix: 16)
            let sum = String(repeating: "0", count: 16 - digits.count) + digits
            return separator + Array("X-Stampede-Frame: \(body.count) \(sum)\n".utf8) + body
        }
    }

    /// Nil where no mail was sent.
    init?(directory: String) throws {
        path = directory + "/mail/outbox.mbox"
        guard let contents = FileManager.default.contents(atPath: path) else { return nil }
        var rest = [UInt8](contents)[...]
        var messages: [Message] = []
        while !rest.isEmpty {
            guard let separator = Self.line(&rest), let frame = Self.line(&rest),
                let count = String(decoding: frame, as: UTF8.self).split(separator: " ").dropFirst().first.flatMap({
                    Int($0)
                }),
                count <= rest.count
            else { throw CocoaError(.fileReadCorruptFile) }
            messages.append(Message(separator: Array(separator), body: Array(rest.prefix(count))))
            rest = rest.dropFirst(count)
        }
        guard !messages.isEmpty else { return nil }
        self.messages = messages
    }

    private static func line(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { rest = rest[(end + 1)...] }
        return rest[...end]
    }

    func change(_ random: inout SeededRandom) throws -> Change? {
        let number = random.below(messages.count)
        var changed = messages
        let place: String
        var bytes: [UInt8]?
        switch random.below(10) {
        case 0...3:
            guard let name = changeLine(&changed[number], &random) else { return nil }
            place = name
        case 4:
            // The texts of a message to somebody else, in the frame of this one.
            let other = messages[random.below(messages.count)]
            guard other.body != messages[number].body else { return nil }
            changed[number].body = other.body
            place = "whole message"
        case 5:
            changed.remove(at: number)
            place = "message removed"
        case 6:
            changed.append(messages[number])
            place = "message repeated"
        case 7:
            // As it lies, without a new frame.
            var torn = changed.flatMap(\.framed)
            torn[random.below(torn.count)] ^= 1
            bytes = torn
            place = "a byte"
        case 8:
            bytes = changed.flatMap(\.framed)
            bytes?.removeLast(1 + random.below(messages.last?.framed.count ?? 1))
            place = "cut"
        default:
            bytes = changed.flatMap(\.framed) + [UInt8](repeating: 0, count: 1 + random.below(600))
            place = "zeros behind the end"
        }
        let written = bytes ?? changed.flatMap(\.framed)
        guard written != messages.flatMap(\.framed) else { return nil }
        try Data(written).write(to: URL(fileURLWithPath: path))
        return Change(.message, "mail \(place)", "message \(number)")
    }

    /// Changes, removes or adds a line, and says of which kind it was.
    private func changeLine(_ message: inout Message, _ random: inout SeededRandom) -> String? {
        var lines = message.body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        let header = lines.firstIndex(of: []) ?? lines.count
        let number = random.below(2) == 0 ? random.below(header) : random.below(lines.count)
        let isHeader = number < header
        let name = isHeader ? String(decoding: lines[number].prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self) : "body"
        switch random.below(isHeader ? 3 : 2) {
        case 0:
            // A letter or digit becomes another one.
            let places = lines[number].indices.filter { place in
                let byte = lines[number][place]
                return byte >= UInt8(ascii: "a") && byte < UInt8(ascii: "z")
                    || byte >= UInt8(ascii: "0") && byte < UInt8(ascii: "9")
            }
            guard !places.isEmpty else { return nil }
            lines[number][places[random.below(places.count)]] += 1
        case 1:
            guard !lines[number].isEmpty else { return nil }
            lines.remove(at: number)
        default: lines.insert(lines[number], at: number)
        }
        message.body = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        return name
    }
}
