import Access
import Contracts
import Foundation
import NIOCore
import NIOHTTP1

/// A service's admin port, spoken to as its operator.
///
/// What changes a service's database goes through the service: the CLI never writes beside it.
struct OperatorClient {
    let service: ServiceName
    let place: ServicePlace
    private let token: String
    private let data: DataDirectory

    /// Longer than a service takes to say that it is still at it.
    private static let timeLimit = TimeAmount.seconds(60)
    /// Requests that a busy service is sent again, each after its `Retry-After`.
    private static let maximumRepeats = 5
    private static let repeatSeconds = 1.0

    /// - Throws: `Failure.noToken`, `.noPort`, `AccessError`.
    init(_ service: ServiceName, _ run: RunDirectory) throws {
        self.service = service
        data = run.data
        place = try run.adminPlace(of: service)
        guard let text = try OperatorToken.text(dataDirectory: data.path), !text.isEmpty else {
            throw Failure.noToken(file: data.operatorToken)
        }
        token = text
    }

    /// Asks for one action: `PUT /admin/ACTION`.
    ///
    /// - Parameter isRepeatable: false where the service could do a second time what it is asked a second time.
    /// - Throws: `Failure.serviceDown`, `.noAnswer`, `.notDone`.
    func put(_ action: String, _ body: JSONValue, isRepeatable: Bool = true) throws -> JSONValue {
        let request = LoopbackHTTP.Request(
            method: .PUT, path: "/admin/\(action)", headers: [("authorization", "Bearer \(token)")],
            body: Array(try body.line().utf8))
        var repeats = 0
        while true {
            let answer = try send(request)
            let json = JSONValue.parse(answer.body)
            if answer.status == 200, let json { return json }
            let isUnderWay = json?["type"]?.text?.hasSuffix(":still-under-way") == true
            guard answer.status == 503, isRepeatable || !isUnderWay, repeats < Self.maximumRepeats else {
                throw Failure.notDone(
                    service: service.rawValue, place: place.description, status: answer.status,
                    reason: reason(json, answer.status))
            }
            repeats += 1
            Talk.say("\(service.rawValue)-service: \(reason(json, answer.status)). Asking again")
            Thread.sleep(forTimeInterval: Self.repeatSeconds)
        }
    }

    private func send(_ request: LoopbackHTTP.Request) throws -> LoopbackHTTP.Answer {
        do {
            return try LoopbackHTTP.send(request, to: place, within: Self.timeLimit)
        } catch .notSent {
            throw Failure.serviceDown(service: service.rawValue, place: place.description)
        } catch .noAnswer(let reason) {
            throw Failure.noAnswer(service: service.rawValue, place: place.description, reason: reason)
        }
    }

    private func reason(_ problem: JSONValue?, _ status: Int) -> String {
        if status == 401 {
            return "it does not know the token of \(data.operatorToken): is it another run's? "
                + "The ports of a run are in its run/environment"
        }
        let field = problem?["field"]?.text.map { "'\($0)': " } ?? ""
        return field + (problem?["detail"]?.text ?? "no reason given")
    }
}
