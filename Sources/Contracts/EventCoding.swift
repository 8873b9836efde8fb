import Foundation

/// The bytes of an event: made once when the outbox row is written, appended to the log unchanged.
///
/// Layout, little-endian (docs/reference/log-format.md, "Event"):
///
///     0  u8   version (1)
///     1  u8   flags: 1 causation id, 2 twin id, 4 traceparent; others 0
///     2  u16  length of the header, which is where the data begins
///     4  u32  length of the data
///     8  i64  time, microseconds since 1970
///     16 16   id
///     32 16   correlation id
///     48      [16 causation id] [16 twin id]
///             source, type, subject, [traceparent]: each u8 length, UTF-8
///             data: JSON
package enum EventCoding {
    package static let version: UInt8 = 1
    /// Longest attribute text, in bytes.
    package static let maximumAttributeBytes = 255
    /// Largest event, in bytes; a dead letter, which wraps one, may be larger.
    package static let maximumEventBytes = 64 * 1024
    package static let maximumDeadLetterBytes = 256 * 1024

    private enum Flag {
        static let causation: UInt8 = 1
        static let twin: UInt8 = 2
        static let traceparent: UInt8 = 4
        static let known: UInt8 = 7
    }

    // MARK: Encoding

    /// - Throws: `EventCodingError.attributeTooLong`, `.tooLarge`.
    package static func encode(_ event: Envelope) throws -> [UInt8] {
        var flags: UInt8 = 0
        if event.causationID != nil { flags |= Flag.causation }
        if event.twinOf != nil { flags |= Flag.twin }
        if event.traceparent != nil { flags |= Flag.traceparent }

        var bytes: [UInt8] = []
        bytes.reserveCapacity(200 + event.data.count)
        bytes.append(version)
        bytes.append(flags)
        bytes.append(littleEndian: UInt16(0))
        bytes.append(littleEndian: UInt32(truncatingIfNeeded: event.data.count))
        bytes.append(littleEndian: UInt64(bitPattern: event.time.microseconds))
        bytes.append(id: event.id)
        bytes.append(id: event.correlationID)
        if let causationID = event.causationID { bytes.append(id: causationID) }
        if let twinOf = event.twinOf { bytes.append(id: twinOf) }
        try bytes.append(attribute: event.source, named: "source")
        try bytes.append(attribute: event.type, named: "type")
        try bytes.append(attribute: event.subject, named: "subject")
        if let traceparent = event.traceparent { try bytes.append(attribute: traceparent, named: "traceparent") }
        let headerLength = UInt16(bytes.count)
        bytes[2] = UInt8(truncatingIfNeeded: headerLength)
        bytes[3] = UInt8(truncatingIfNeeded: headerLength >> 8)
        bytes.append(contentsOf: event.data)

        let wrapsAnEvent = event.type == V1.EventDeadLettered.type || event.type == V1.DeadLetterEdited.type
        let limit = wrapsAnEvent ? maximumDeadLetterBytes : maximumEventBytes
        guard bytes.count <= limit else {
            throw EventCodingError.tooLarge(type: event.type, subject: event.subject, bytes: bytes.count, limit: limit)
        }
        return bytes
    }

    // MARK: Decoding

    /// - Throws: `EventCodingError.unknownVersion`, `.malformed`.
    package static func decode(_ bytes: ArraySlice<UInt8>) throws -> Envelope {
        try bytes.withUnsafeBytes { try decode($0) }
    }

    package static func decode(_ bytes: [UInt8]) throws -> Envelope {
        try bytes.withUnsafeBytes { try decode($0) }
    }

    package static func decode(_ bytes: UnsafeRawBufferPointer) throws -> Envelope {
        guard bytes.count >= 48 else {
            throw EventCodingError.malformed("\(bytes.count) bytes, fewer than the fixed header of 48")
        }
        guard bytes[0] == version else { throw EventCodingError.unknownVersion(bytes[0]) }
        let flags = bytes[1]
        guard flags & ~Flag.known == 0 else { throw EventCodingError.malformed("unknown flags \(flags)") }
        let headerLength = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        let dataLength = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
        guard headerLength >= 48, headerLength + dataLength == bytes.count else {
            throw EventCodingError.malformed(
                "header of \(headerLength) and data of \(dataLength) bytes in \(bytes.count)")
        }
        var cursor = Cursor(bytes: UnsafeRawBufferPointer(rebasing: bytes[..<headerLength]), offset: 48)
        let causationID: EventID? = flags & Flag.causation == 0 ? nil : try cursor.identifier()
        let twinOf: EventID? = flags & Flag.twin == 0 ? nil : try cursor.identifier()
        let event = Envelope(
            id: loadIdentifier(bytes, at: 16),
            source: try cursor.attribute("source"),
            type: try cursor.attribute("type"),
            subject: try cursor.attribute("subject"),
            time: Timestamp(
                microseconds: Int64(
                    bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))),
            correlationID: loadIdentifier(bytes, at: 32),
            causationID: causationID,
            twinOf: twinOf,
            traceparent: flags & Flag.traceparent == 0 ? nil : try cursor.attribute("traceparent"),
            data: [UInt8](bytes[headerLength...]))
        guard cursor.offset == headerLength else {
            throw EventCodingError.malformed("the attributes end at \(cursor.offset), the header at \(headerLength)")
        }
        return event
    }

    /// The type alone: whoever does not subscribe to it need not read the rest.
    ///
    /// - Throws: `EventCodingError.unknownVersion`, `.malformed`.
    package static func type(of bytes: ArraySlice<UInt8>) throws -> String {
        try bytes.withUnsafeBytes { bytes in
            guard bytes.count >= 48 else {
                throw EventCodingError.malformed("\(bytes.count) bytes, fewer than the fixed header of 48")
            }
            guard bytes[0] == version else { throw EventCodingError.unknownVersion(bytes[0]) }
            guard bytes[1] & ~Flag.known == 0 else { throw EventCodingError.malformed("unknown flags \(bytes[1])") }
            let ids = (bytes[1] & Flag.causation == 0 ? 0 : 1) + (bytes[1] & Flag.twin == 0 ? 0 : 1)
            var cursor = Cursor(bytes: bytes, offset: 48 + 16 * ids)
            try cursor.skipAttribute("source")
            return try cursor.attribute("type")
        }
    }

    /// The id alone, where nothing else is needed.
    package static func id(of bytes: ArraySlice<UInt8>) throws -> EventID {
        try fixedPart(of: bytes) { loadIdentifier($0, at: 16) }
    }

    /// The time alone.
    package static func time(of bytes: ArraySlice<UInt8>) throws -> Timestamp {
        try fixedPart(of: bytes) {
            Timestamp(microseconds: Int64(littleEndian: $0.loadUnaligned(fromByteOffset: 8, as: Int64.self)))
        }
    }

    /// The correlation id alone: a search looks at many events and keeps a dozen.
    package static func correlationID(of bytes: ArraySlice<UInt8>) throws -> CorrelationID {
        try fixedPart(of: bytes) { loadIdentifier($0, at: 32) }
    }

    private static func fixedPart<Value>(
        of bytes: ArraySlice<UInt8>, _ read: (UnsafeRawBufferPointer) throws -> Value
    ) throws -> Value {
        try bytes.withUnsafeBytes { bytes in
            guard bytes.count >= 48, bytes[0] == version else {
                throw EventCodingError.malformed("not an event of version \(version)")
            }
            return try read(bytes)
        }
    }

    /// Whether the event belongs to a trace that is recorded: all that is to be known of most events.
    package static func isSampled(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            guard bytes.count >= 48, bytes[0] == version, bytes[1] & Flag.traceparent != 0 else { return false }
            // The trace context ends where the data begins, with its flags.
            let end = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
            guard end > 48, end <= bytes.count else { return false }
            return TraceContext.isSampled(flags: bytes[end - 1])
        }
    }

    private struct Cursor {
        let bytes: UnsafeRawBufferPointer
        var offset: Int

        mutating func identifier() throws -> EventID {
            guard bytes.count - offset >= 16 else { throw EventCodingError.malformed("the header ends inside an id") }
            defer { offset += 16 }
            return loadIdentifier(bytes, at: offset)
        }

        mutating func attribute(_ name: String) throws -> String {
            let range = try range(of: name)
            guard let text = String(utf8: bytes[range]) else {
                throw EventCodingError.malformed("'\(name)' is not UTF-8")
            }
            offset = range.upperBound
            return text
        }

        mutating func skipAttribute(_ name: String) throws {
            offset = try range(of: name).upperBound
        }

        private func range(of name: String) throws -> Range<Int> {
            guard offset < bytes.count, bytes.count - offset - 1 >= Int(bytes[offset]) else {
                throw EventCodingError.malformed("the header ends inside '\(name)'")
            }
            return offset + 1..<offset + 1 + Int(bytes[offset])
        }
    }

    private static func loadIdentifier<Owner>(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Identifier<Owner> {
        Identifier(
            high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)))
    }
}

/// Bytes that are no event, or an event that cannot be written.
package enum EventCodingError: Error, Equatable, CustomStringConvertible {
    case unknownVersion(UInt8)
    case malformed(String)
    case attributeTooLong(name: String, bytes: Int)
    case tooLarge(type: String, subject: String, bytes: Int, limit: Int)

    package var description: String {
        switch self {
        case .unknownVersion(let version):
            "event header of version \(version), this program reads version \(EventCoding.version)"
        case .malformed(let reason): "malformed event: \(reason)"
        case .attributeTooLong(let name, let bytes):
            "attribute '\(name)' has \(bytes) bytes, at most \(EventCoding.maximumAttributeBytes) fit"
        case .tooLarge(let type, let subject, let bytes, let limit):
            "\(type) of \(subject) has \(bytes) bytes, the limit is \(limit)"
        }
    }
}

extension [UInt8] {
    package mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append<Owner>(id: Identifier<Owner>) {
        Swift.withUnsafeBytes(of: id.high.bigEndian) { append(contentsOf: $0) }
        Swift.withUnsafeBytes(of: id.low.bigEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(attribute text: String, named name: String) throws {
        var text = text
        try text.withUTF8 { utf8 in
            guard utf8.count <= EventCoding.maximumAttributeBytes else {
                throw EventCodingError.attributeTooLong(name: name, bytes: utf8.count)
            }
            append(UInt8(utf8.count))
            append(contentsOf: utf8)
        }
    }
}

// MARK: - Data

extension EventPayload {
    package func encoded() throws -> [UInt8] { try encodedByFoundation() }

    package static func decoded(from data: [UInt8]) throws -> Self {
        try JSONDecoder().decode(Self.self, from: Data(data))
    }

    /// What `encoded` must equal, byte for byte.
    package func encodedByFoundation() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(self))
    }
}

extension EventPayload where Self: CanonicalJSON {
    package func encoded() throws -> [UInt8] { canonicalBytes }

    package static func decoded(from data: [UInt8]) throws -> Self { try decoded(fromJSON: data) }
}
