/// An integer of a request that says which field it is when it is none.
///
/// Why: of a number that does not fit (`1.5`, `9223372036854775808`) the decoder says that it is not representable, but not
/// where it stands.
struct WholeNumber: Decodable {
    let value: Int64

    /// In a decoder's `userInfo`: whether the number at a path would be rounded, which the decoder does not tell.
    struct Rounded: Sendable {
        let contains: @Sendable ([any CodingKey]) -> Bool
    }

    // A key of any text is one.
    static let rounded = CodingUserInfoKey(rawValue: "rounded numbers")!

    init(value: Int64) {
        self.value = value
    }

    init(from decoder: any Decoder) throws {
        if let rounded = decoder.userInfo[Self.rounded] as? Rounded, rounded.contains(decoder.codingPath) {
            throw DecodingError.typeMismatch(
                Self.self,
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "it would be rounded"))
        }
        do {
            value = try decoder.singleValueContainer().decode(Int64.self)
        } catch {
            throw DecodingError.typeMismatch(
                Self.self, DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "\(error)"))
        }
    }
}
