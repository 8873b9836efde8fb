import Contracts
import Testing

@Suite("JSON of whatever shape")
struct JSONValueTests {
    private static let text =
        #"{"array":[1,"a/b",null,[],{}],"bool":true,"no":false,"number":-1.5,"whole":9223372036854775807}"#

    @Test("each shape is read as what it is, and written as it was read")
    func roundTrip() throws {
        let value = try #require(JSONValue.parse(Self.text.utf8))
        let expected = JSONValue.object([
            "array": .array([.integer(1), .string("a/b"), .null, .array([]), .object([:])]), "bool": .bool(true),
            "no": .bool(false), "number": .number(-1.5), "whole": .integer(.max),
        ])
        #expect(value == expected)
        #expect(try value.line() == Self.text)
    }

    @Test("one and true are not the same, nor are 1 and a number too large for a whole one")
    func lookalikes() {
        #expect(JSONValue.parse("1".utf8) == .integer(1))
        #expect(JSONValue.parse("true".utf8) == .bool(true))
        #expect(JSONValue.parse("\"1\"".utf8) == .string("1"))
        #expect(JSONValue.parse("9223372036854775808".utf8) == .number(9_223_372_036_854_775_808))
    }

    @Test("asked for a shape that it has not, a value has nothing")
    func reading() throws {
        let value = try #require(JSONValue.parse(Self.text.utf8))
        #expect(value["whole"]?.whole == .max)
        #expect(value["array"]?.elements.count == 5)
        #expect(value["array"]?.elements.dropFirst().first?.text == "a/b")
        #expect(value["nothing"] == nil)
        #expect(value["bool"]?["member"] == nil)
        #expect(value.text == nil)
        #expect(value["number"]?.whole == nil)
        #expect(value.elements == [])
    }

    @Test("bytes that are no JSON are nothing", arguments: ["", "{", "{\"a\":}", "[1", "nul"])
    func malformed(text: String) {
        #expect(JSONValue.parse(text.utf8) == nil)
    }
}
