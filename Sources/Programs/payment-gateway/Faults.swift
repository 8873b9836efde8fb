import Foundation

/// How the gateway misbehaves.
struct Faults: Codable, Equatable, Sendable {
    var delayMilliseconds: Int
    var jitterMilliseconds: Int
    /// Share of calls answered 500 before anything is decided.
    var errorRate: Double
    /// Share of calls decided durably and then cut off without an answer.
    var lostAnswerRate: Double
    /// Share of charges on good cards that are declined.
    var declineRate: Double
    /// Every API call is answered 503.
    var down: Bool

    static let milliseconds = 0...60_000

    static let standard = Faults(
        delayMilliseconds: 20, jitterMilliseconds: 10,
        errorRate: 0, lostAnswerRate: 0, declineRate: 0, down: false)

    func check() throws(Refusal) {
        for (name, value) in [("delayMilliseconds", delayMilliseconds), ("jitterMilliseconds", jitterMilliseconds)] {
            guard Self.milliseconds.contains(value) else {
                throw .invalid(
                    parameter: name, "\(name) must be between 0 and \(Self.milliseconds.upperBound), not \(value)")
            }
        }
        for (name, value) in [
            ("errorRate", errorRate), ("lostAnswerRate", lostAnswerRate), ("declineRate", declineRate),
        ] {
            guard (0...1).contains(value) else {
                throw .invalid(parameter: name, "\(name) must be between 0 and 1, not \(value)")
            }
        }
    }

    /// These faults with the fields of a JSON object put in; fields not named stay as they are.
    func changed(by body: Data) throws(Refusal) -> Faults {
        let change = try RequestJSON.decode(Change.self, from: body)
        if let unknown = change.unknownField {
            let known = Change.CodingKeys.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid(parameter: unknown, "\(unknown) is not a fault; the fields are \(known).")
        }
        var faults = self
        if let value = change.delayMilliseconds { faults.delayMilliseconds = value }
        if let value = change.jitterMilliseconds { faults.jitterMilliseconds = value }
        if let value = change.errorRate { faults.errorRate = value }
        if let value = change.lostAnswerRate { faults.lostAnswerRate = value }
        if let value = change.declineRate { faults.declineRate = value }
        if let value = change.down { faults.down = value }
        try faults.check()
        return faults
    }

    var body: Data {
        Data(
            """
            {"delayMilliseconds":\(delayMilliseconds),"jitterMilliseconds":\(jitterMilliseconds),\
            "errorRate":\(errorRate),"lostAnswerRate":\(lostAnswerRate),"declineRate":\(declineRate),"down":\(down)}
            """.utf8)
    }

    private struct Change: Decodable {
        enum CodingKeys: String, CodingKey, CaseIterable {
            case delayMilliseconds, jitterMilliseconds, errorRate, lostAnswerRate, declineRate, down
        }

        let delayMilliseconds: Int?
        let jitterMilliseconds: Int?
        let errorRate: Double?
        let lostAnswerRate: Double?
        let declineRate: Double?
        let down: Bool?
        let unknownField: String?

        init(from decoder: any Decoder) throws {
            let names = try decoder.container(keyedBy: AnyField.self).allKeys.map(\.stringValue)
            unknownField = names.sorted().first { CodingKeys(stringValue: $0) == nil }
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            func number<Number: Decodable>(_ field: CodingKeys) throws -> Number? {
                fields.contains(field) ? try fields.decodeNumber(Number.self, forKey: field) : nil
            }
            delayMilliseconds = try number(.delayMilliseconds)
            jitterMilliseconds = try number(.jitterMilliseconds)
            errorRate = try number(.errorRate)
            lostAnswerRate = try number(.lostAnswerRate)
            declineRate = try number(.declineRate)
            down = fields.contains(.down) ? try fields.decode(Bool.self, forKey: .down) : nil
        }
    }

    private struct AnyField: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
