import Access
import Foundation
import HTTPServing
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// HTTP in front of the ledger: reads a call, lets its fate happen to it, asks the ledger, answers.
struct GatewayResponder: Sendable {
    let writer: LedgerWriter
    let injector: FaultInjector
    let admission: Admission
    let counters: Counters
    /// Where the operator's token is known.
    let dataDirectory: String
    let logger: Logger

    /// Nil where the answer is to be lost.
    func respond(to request: Request, _ channel: any Channel) async -> Response? {
        do throws(Refusal) {
            let endpoint = try Endpoint(method: request.method, path: request.uri.path)
            switch endpoint {
            case .charge, .refund, .void, .look:
                return await call(endpoint, request, channel)
            case .live, .ready:
                return Self.json(status: .ok, Data("{\"status\":\"ok\"}".utf8))
            case .metrics:
                return Self.plain(counters.text(waiting: admission.waitingCount))
            case .readFaults:
                return Self.json(status: .ok, injector.faults.body)
            case .changeFaults:
                try requireOperator(request)
                let body = try await Self.body(of: request)
                let faults = try injector.change { faults throws(Refusal) in try faults.changed(by: body) }
                logger.notice("faults changed", metadata: ["faults": "\(faults)"])
                return Self.json(status: .ok, faults.body)
            }
        } catch {
            return Self.refused(error)
        }
    }

    /// *Guarantee*: only the operator makes the gateway misbehave. Asked each time: the shop's services make the token, and
    /// may start later than the gateway.
    private func requireOperator(_ request: Request) throws(Refusal) {
        do {
            let token = try OperatorToken.known(dataDirectory: dataDirectory)
            guard token?.isNamed(by: request.headers[.authorization]) == true else { throw Refusal.notAnOperator }
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            logger.error("the operator's token cannot be checked", metadata: ["error": "\(error)"])
            throw .notAnOperator
        }
    }

    // MARK: Calls to the API

    private func call(_ endpoint: Endpoint, _ request: Request, _ channel: any Channel) async -> Response? {
        counters.countStart()
        let fate = injector.nextFate()
        do throws(Refusal) {
            guard !fate.down else { throw .down }
            let command = try await Self.command(endpoint, request, fate)
            let decision = try await decide(command, fate, channel)
            if fate.losesAnswer, command.isWrite {
                counters.countEnd(.lost)
                return nil
            }
            counters.countEnd(Counters.Ending(decision.outcome))
            return Self.json(status: .init(code: decision.status), decision.body)
        } catch {
            counters.countEnd(error.status >= 500 ? .failed : .refused)
            return Self.refused(error)
        }
    }

    private func decide(
        _ command: LedgerCommand, _ fate: FaultInjector.Fate, _ channel: any Channel
    ) async throws(Refusal) -> Decision {
        try await admission.enter()
        defer { admission.leave() }
        if fate.delaysBeforeDecision { await Self.delay(fate, channel) }
        guard !fate.fails else { throw .failed }
        let decision: Decision
        do {
            decision = try await writer.submit(command)
        } catch {
            logger.error("a command could not be decided", metadata: ["error": "\(error)"])
            throw .failed
        }
        if !fate.delaysBeforeDecision { await Self.delay(fate, channel) }
        return decision
    }

    private static func command(
        _ endpoint: Endpoint, _ request: Request, _ fate: FaultInjector.Fate
    ) async throws(Refusal) -> LedgerCommand {
        switch endpoint {
        case .void(let key): return .void(try IdempotencyKey(key, parameter: "key"))
        case .look(let key): return .look(try IdempotencyKey(key, parameter: "key"))
        default: break
        }
        let key = try IdempotencyKey(request.headers[.idempotencyKey])
        let body = try await body(of: request)
        if endpoint == .refund { return .refund(try Refund(key: key, body: body)) }
        return .charge(try Charge(key: key, body: body), declines: fate.declines)
    }

    private static func body(of request: Request) async throws(Refusal) -> Data {
        if let reason = BodyCoding.refusal(request.headers) { throw .unsupportedMediaType(reason) }
        do {
            return Data((try await request.body.collect(upTo: HTTPLimits.bodyBytes)).readableBytesView)
        } catch {
            throw .invalid(parameter: "body", "The body ended early.")
        }
    }

    /// Waits on the connection's event loop, whose timers cost less than the cooperative pool's.
    private static func delay(_ fate: FaultInjector.Fate, _ channel: any Channel) async {
        guard fate.delayMicroseconds > 0 else { return }
        await withCheckedContinuation { continuation in
            channel.eventLoop.scheduleTask(in: .microseconds(fate.delayMicroseconds)) { continuation.resume() }
        }
    }

    // MARK: Answers

    static func refused(_ refusal: Refusal) -> Response {
        var response = json(status: .init(code: refusal.status), refusal.body)
        if let allow = refusal.allow { response.headers[.allow] = allow }
        if refusal.status == 415 { response.headers[.acceptEncoding] = "identity" }
        if refusal.status == 503 { response.headers[.retryAfter] = "1" }
        if refusal.status == 401 { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }

    private static func json(status: HTTPResponse.Status, _ body: Data) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    private static func plain(_ text: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

extension HTTPField.Name {
    /// From draft-ietf-httpapi-idempotency-key-header.
    /// The unwrapping holds: the name has token characters only.
    static let idempotencyKey = Self("Idempotency-Key")!
}
