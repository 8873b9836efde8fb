import Delivery
import Foundation
import PaymentService
import Testing

@testable import Web

@Suite("The gateway over HTTP", .timeLimit(.minutes(5)))
struct HTTPGatewayTests {
    /// What a call came to: an answer, or "unknown".
    private func outcome<Answer>(_ body: () async throws -> Answer) async -> String {
        do {
            return "\(try await body())"
        } catch is UnknownOutcome {
            return "unknown"
        } catch {
            return "unexpected: \(error)"
        }
    }

    private func charging(_ reply: ScriptedServer.Reply, timeout: Duration = .seconds(120)) async throws -> String {
        let server = try ScriptedServer { _ in reply }
        defer { server.stop() }
        let gateway = HTTPGateway(port: server.port, connections: 2, timeout: timeout)
        let first = await outcome { try await gateway.charge(key: "charge:1", body: Array("{}".utf8)) }
        #expect(server.calls.count == 1, "asked once, whatever came of it")
        return first
    }

    private static let captured = "\(ChargeAnswer.captured(paymentIntent: "pi_1"))"

    @Test("only an answer that is bound to the key is final")
    func charges() async throws {
        let cases: [(Int, String, String)] = [
            (200, #"{"id":"pi_1","object":"payment_intent","status":"succeeded"}"#, Self.captured),
            (200, #"{"id":"pi_1","status":"processing"}"#, "unknown"),
            (200, #"{"id":"pi_1","status":"requires_payment_method"}"#, "unknown"),
            (200, #"{"id":"pi_1"}"#, "unknown"),
            (200, "{}", "unknown"), (200, "", "unknown"), (200, "<html>", "unknown"),
            (
                402, #"{"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds"}}"#,
                "\(ChargeAnswer.declined(code: "insufficient_funds"))"
            ),
            (
                402, #"{"error":{"type":"card_error","code":"expired_card"}}"#,
                "\(ChargeAnswer.declined(code: "expired_card"))"
            ),
            (402, "pay!", "unknown"),
            (409, #"{"error":{"type":"invalid_request_error","code":"key_voided"}}"#, "\(ChargeAnswer.voided)"),
            (409, #"{"error":{"code":"idempotency_key_in_use"}}"#, "unknown"), (409, "", "unknown"),
            (400, #"{"error":{"type":"idempotency_error"}}"#, "\(ChargeAnswer.refused("gateway answered 400"))"),
            (422, "{}", "\(ChargeAnswer.refused("gateway answered 422"))"),
            (401, "{}", "unknown"), (403, "{}", "unknown"), (404, "{}", "unknown"), (408, "{}", "unknown"),
            (429, "{}", "unknown"),
            (500, "{}", "unknown"), (502, "<html>", "unknown"), (503, "{}", "unknown"), (204, "", "unknown"),
            (302, "", "unknown"),
            (201, #"{"id":"pi_1","status":"succeeded"}"#, "unknown"),
        ]
        for (status, body, expected) in cases {
            #expect(try await charging(.json(status, body)) == expected, "\(status) \(body)")
        }
    }

    @Test("an answer that is cut, endless or no HTTP is unknown, and asked for once")
    func broken() async throws {
        let whole = ScriptedServer.answer(200, #"{"id":"pi_1","status":"succeeded"}"#)
        let broken: [ScriptedServer.Reply] = [
            .cut, .last("HTTP/1.1 200 OK\r\n"), .last("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
            .last(String(whole.dropLast())),
            .last("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"id\""), .last("\u{0}\u{1}\u{2}"),
            .json(200, String(repeating: " ", count: 64 * 1024) + #"{"id":"pi_1","status":"succeeded"}"#),
        ]
        for reply in broken {
            #expect(try await charging(reply) == "unknown", "\(reply)")
        }
        #expect(try await charging(.last(whole)) == Self.captured)
        #expect(
            try await charging(.last("HTTP/1.1 200 OK\r\n\r\n" + #"{"id":"pi_1","status":"succeeded"}"#))
                == Self.captured)
        #expect(try await charging(.bytes("HTTP/1.1 102 Processing\r\n\r\n" + whole)) == Self.captured)
    }

    @Test(
        "no answer in time, nor half of one, is unknown",
        arguments: [.silence, .bytes("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")] as [ScriptedServer.Reply])
    func silence(reply: ScriptedServer.Reply) async throws {
        // Long enough for the call to go out however busy the machine is.
        #expect(try await charging(reply, timeout: .seconds(4)) == "unknown")
    }

    @Test("a gateway that is not there cannot be reached, which says that nothing was asked")
    func nobody() async throws {
        let gateway = HTTPGateway(port: try Sockets.freePort(), connections: 2, timeout: .seconds(120))
        await #expect(throws: Unreachable.self) { try await gateway.charge(key: "k", body: []) }
        await #expect(throws: Unreachable.self) { try await gateway.void(key: "k") }
        await #expect(throws: Unreachable.self) { try await gateway.refund(key: "k", body: []) }
    }

    @Test("a void says what is bound to the key")
    func voids() async throws {
        let cases: [(Int, String, String)] = [
            (200, #"{"status":"voided"}"#, "\(ChargeAnswer.voided)"),
            (
                200, #"{"status":"declined","decline_code":"expired_card"}"#,
                "\(ChargeAnswer.declined(code: "expired_card"))"
            ),
            (200, #"{"status":"succeeded","payment_intent":{"id":"pi_1","status":"succeeded"}}"#, Self.captured),
            (200, #"{"status":"succeeded"}"#, "unknown"), (200, #"{"status":"unknown"}"#, "unknown"),
            (200, "{}", "unknown"),
            (404, #"{"status":"voided"}"#, "unknown"), (400, "{}", "unknown"),
            (500, #"{"status":"voided"}"#, "unknown"),
        ]
        for (status, body, expected) in cases {
            let server = try ScriptedServer { _ in .json(status, body) }
            defer { server.stop() }
            let gateway = HTTPGateway(port: server.port, connections: 2, timeout: .seconds(120))
            #expect(await outcome { try await gateway.void(key: "charge:a/b c") } == expected, "\(status) \(body)")
            #expect(server.calls.map(\.path) == ["/v1/idempotency_keys/charge:a%2Fb%20c/void"])
        }
    }

    @Test("a refund is final when the money went back, and unknown otherwise")
    func refunds() async throws {
        let cases: [(Int, String, String)] = [
            (200, #"{"id":"re_1","status":"succeeded"}"#, "\(RefundAnswer.refunded(id: "re_1"))"),
            (200, #"{"id":"re_1","status":"pending"}"#, "unknown"),
            (200, #"{"id":"re_1","status":"failed"}"#, "unknown"),
            (400, "{}", "unknown"), (402, "{}", "unknown"), (409, "{}", "unknown"), (500, "{}", "unknown"),
        ]
        for (status, body, expected) in cases {
            let server = try ScriptedServer { _ in .json(status, body) }
            defer { server.stop() }
            let gateway = HTTPGateway(port: server.port, connections: 2, timeout: .seconds(120))
            #expect(
                await outcome { try await gateway.refund(key: "refund:1", body: Array("{}".utf8)) } == expected,
                "\(status) \(body)")
            #expect(server.calls.map(\.key) == ["refund:1"])
        }
    }

    @Test("bytes and key go out as they were given")
    func request() async throws {
        let server = try ScriptedServer { _ in .json(200, #"{"id":"pi_1","status":"succeeded"}"#) }
        defer { server.stop() }
        let gateway = HTTPGateway(port: server.port, connections: 2, timeout: .seconds(120))
        let body = #"{"amount":1,"x":"é\n"}"#
        _ = try await gateway.charge(key: "charge:1", body: Array(body.utf8))
        let call = try #require(server.calls.first)
        #expect(call.path == "/v1/payment_intents")
        #expect(call.key == "charge:1")
        #expect(call.body == body)
    }
}
