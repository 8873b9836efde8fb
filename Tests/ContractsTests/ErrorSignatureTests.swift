import Contracts
import Testing

@Suite("What letters of one group share")
struct ErrorSignatureTests {
    @Test(
        "numbers, ids and what stands in quotes are left out",
        arguments: [
            ("the order asks for 0 pieces of 'P-7'", "the order asks for -1 pieces of 'Z 9'"),
            (
                "order 01a2021e-a706-7e2f-a179-976fb390c87c holds no stock",
                "order 01a2021e-0000-7e2f-a179-976fb390c87d holds no stock"
            ),
            ("failed at offset 12, byte 3", "failed at offset 7, byte 99"),
        ])
    func same(left: String, right: String) {
        #expect(ErrorSignature.of(kind: "k", error: left) == ErrorSignature.of(kind: "k", error: right))
    }

    @Test("what differs in words is another group, and so is another kind")
    func different() {
        #expect(ErrorSignature.of(kind: "k", error: "no stock") != ErrorSignature.of(kind: "k", error: "no order"))
        #expect(ErrorSignature.of(kind: "k", error: "no stock") != ErrorSignature.of(kind: "l", error: "no stock"))
        #expect(ErrorSignature.of(kind: "k", error: "it's gone") == "k: it's gone")
    }

    @Test("bytes that cannot be read are one group, whatever they are", arguments: ["undecodable", "unknown-version"])
    func kindAlone(kind: String) {
        #expect(ErrorSignature.of(kind: kind, error: "3 bytes") == kind)
        #expect(ErrorSignature.of(kind: kind, error: "quite another text") == kind)
    }

    @Test("no text breaks it", arguments: ["", " ", "'", "''", "-", "--1-", String(repeating: "9a ", count: 500)])
    func any(text: String) {
        #expect(ErrorSignature.of(kind: "k", error: text).count <= 210)
    }
}
