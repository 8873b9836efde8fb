import Contracts
import Foundation
import Testing

@Suite("An event as a line of CloudEvents JSON")
struct CloudEventJSONTests {
    private func event(_ data: [UInt8], full: Bool = true) -> Envelope {
        Envelope(
            id: EventID(high: 1, low: 2), source: "/stampede/order", type: "v1.OrderCreated", subject: "a \"b\"\n",
            time: Timestamp(microseconds: 1_795_292_610_250_000), correlationID: CorrelationID(high: 3, low: 4),
            causationID: full ? EventID(high: 5, low: 6) : nil, twinOf: full ? EventID(high: 7, low: 8) : nil,
            traceparent: full ? "00-x" : nil, data: data)
    }

    @Test("all attributes, sorted, then the data as it stands")
    func line() {
        #expect(
            CloudEventJSON(event(Array(#"{"b":1,"a":"é/😀"}"#.utf8))).line()
                == #"{"causationid":"00000000-0000-0005-0000-000000000006","correlationid":"00000000-0000-0003-0000-000000000004","#
                + #""datacontenttype":"application/json","dataschema":"urn:stampede:schema:v1.OrderCreated","#
                + #""id":"00000000-0000-0001-0000-000000000002","source":"/stampede/order","specversion":"1.0","#
                + #""subject":"a \"b\"\n","time":"2026-11-21T20:23:30.250000Z","traceparent":"00-x","#
                + #""twinof":"00000000-0000-0007-0000-000000000008","type":"v1.OrderCreated","data":{"b":1,"a":"é/😀"}}"#
        )
    }

    @Test("attributes that are not there are left out")
    func absent() throws {
        let line = CloudEventJSON(event(Array("null".utf8), full: false)).line()
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(Set(object.keys).isDisjoint(with: ["causationid", "twinof", "traceparent"]))
        #expect(object["specversion"] as? String == "1.0")
    }

    @Test(
        "it is one line, whatever the data",
        arguments: ["{\n  \"a\": [1,\r\n2]\n}", " 1 ", "\"x\"", "[]", "{\"a\":\"\\n\"}"])
    func oneLine(json: String) throws {
        let line = CloudEventJSON(event(Array(json.utf8))).line()
        #expect(!line.contains { $0.isNewline })
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let data = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
        #expect(object["data"] as? NSObject == data as? NSObject)
    }

    @Test(
        "data that is not JSON in UTF-8 goes out in base64",
        arguments: [
            [], [0], Array("{".utf8), [0xFF, 0xFE, 0x7B, 0, 0x7D, 0], [0x7B, 0, 0x7D, 0],
            [0xEF, 0xBB, 0xBF, 0x7B, 0x7D],
            [0x22, 0xC3, 0x28, 0x22], Array("{} {}".utf8),
        ] as [[UInt8]])
    func base64(data: [UInt8]) throws {
        let line = CloudEventJSON(event(data)).line()
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["data"] == nil)
        #expect(object["data_base64"] as? String == Data(data).base64EncodedString())
    }
}
