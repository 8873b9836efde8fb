import Foundation
import Testing

/// A client of a server-sent stream on one blocking socket: takes the chunks apart, then the events.
final class EventStream: @unchecked Sendable {
    struct Event: Equatable {
        var id: String?
        var name = ""
        var data: [String] = []
        var retry: String?

        var text: String { data.joined(separator: "\n") }

        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] ?? [:]
        }
    }

    /// The stream ended.
    struct Ended: Error {}

    let head: String
    private let descriptor: Int32
    private var chunked = Data()
    private var text = Data()

    init(_ port: Int, _ path: String = "/events", headers: [String] = []) throws {
        descriptor = try Sockets.connect(port)
        let lines = ["GET \(path) HTTP/1.1", "Host: 127.0.0.1"] + headers
        try Sockets.write((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8, to: descriptor)
        var bytes = Data()
        while bytes.range(of: Data("\r\n\r\n".utf8)) == nil { bytes += try Self.read(descriptor) }
        let end = try #require(bytes.range(of: Data("\r\n\r\n".utf8)))
        head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
        chunked = Data(bytes[end.upperBound...])
    }

    deinit { close(descriptor) }

    private static func read(_ descriptor: Int32) throws -> Data {
        let more = try Sockets.read(descriptor)
        guard !more.isEmpty else { throw Ended() }
        return Data(more)
    }

    /// The next event; one that has nothing but a retry time counts.
    func next() throws -> Event {
        while true {
            if let end = text.range(of: Data("\n\n".utf8)) {
                let block = String(decoding: text[..<end.lowerBound], as: UTF8.self)
                text = Data(text[end.upperBound...])
                return Self.event(block)
            }
            text += try chunk()
        }
    }

    func next(named name: String) throws -> Event {
        while true {
            let event = try next()
            if event.name == name { return event }
        }
    }

    private static func event(_ block: String) -> Event {
        var event = Event()
        for line in block.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            let value = parts.count > 1 ? String(parts[1].dropFirst(parts[1].hasPrefix(" ") ? 1 : 0)) : ""
            switch parts.first {
            case "id": event.id = value
            case "event": event.name = value
            case "data": event.data.append(value)
            case "retry": event.retry = value
            default: Issue.record("no field of a server-sent event: '\(line.prefix(80))'")
            }
        }
        return event
    }

    /// RFC 9112 §7.1.
    private func chunk() throws -> Data {
        while true {
            if let end = chunked.range(of: Data("\r\n".utf8)),
                let length = Int(String(decoding: chunked[..<end.lowerBound], as: UTF8.self), radix: 16),
                chunked.count >= end.upperBound + length + 2
            {
                guard length > 0 else { throw Ended() }
                defer { chunked = Data(chunked[(end.upperBound + length + 2)...]) }
                return Data(chunked[end.upperBound..<end.upperBound + length])
            }
            chunked += try Self.read(descriptor)
        }
    }
}
