import Contracts
import Delivery
import Foundation
import HTTPTypes
import InventoryService
import OrderService
import ProcessSettings
import ServiceRuntime
import Testing
import TestSupport

@testable import Web

/// docs/reference/openapi.yaml against the lists by which the servers answer.
///
/// A server takes a request only for an operation of its list, and in a debug build stops at an answer that the operation
/// does not list; so what these tests find equal to the list holds for whatever any other test asks of a server.
@Suite("The description of the HTTP surfaces", .timeLimit(.minutes(5)))
struct DescriptionTests {
    private static let document = Result {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/reference/openapi.yaml")
        return try YAML.parse(String(contentsOf: file, encoding: .utf8))
    }

    private let document: YAML

    init() throws { document = try Self.document.get() }

    /// `POST /v1/orders` → `202`, `400 malformed-json`, …
    private typealias Answers = [String: Set<String>]

    private func described() throws -> Answers {
        var answers: Answers = [:]
        for (path, item) in try #require(document["paths"]).members {
            for (method, operation) in item.members where !["parameters", "servers"].contains(method) {
                var found: Set<String> = []
                for (key, response) in try #require(operation["responses"]).members {
                    found.formUnion(try self.answers(key, response.resolved(in: document), "\(method) \(path)"))
                }
                answers["\(method.uppercased()) \(path)"] = found
            }
        }
        return answers
    }

    private func answers(_ key: String, _ response: YAML, _ place: String) throws -> Set<String> {
        var found: Set<String> = []
        for (media, content) in try #require(response["content"], "\(place) \(key)").members {
            guard media == "application/problem+json" else {
                found.insert(key)
                continue
            }
            let properties = try #require(content["schema"]?["allOf"]?.items.last?["properties"])
            let status = try #require(properties["status"]?["const"]?.text)
            #expect(key == status || (key == "default" && status == "500"), "\(place): \(status) stands under \(key)")
            let prefix = "urn:stampede:problem:"
            for type in try #require(properties["type"]?["enum"]).items {
                found.insert("\(status) \(try #require(type.text).dropFirst(prefix.count))")
            }
        }
        return found
    }

    private func listed() throws -> Answers {
        let directory = try TemporaryDirectory()
        let order = try ServiceProcess(OrderService.card(), settings: Settings(dataDirectory: directory.path + "/o"))
        let inventory = try ServiceProcess(
            InventoryService.card(), settings: Settings(dataDirectory: directory.path + "/i"))
        let stock = CommandQueue(node: inventory.node, limit: 1, handler: StockTaking(randomness: SystemRandomness()))
        let desk = OperatorActions(queue: order.operators, testFaults: true)
        let listing = ProductListing(try DatabaseReader(path: order.node.database.path))
        let actions = [SeedingActions.products(order, listing), SeedingActions.stock(inventory, stock)] + desk.all
        let all: [[HTTPOperation]] = [
            CheckoutOperations.all, Storefront.operations, Dashboard.operations, AdminOperations.health,
            [AdminOperations.status, AdminOperations.delivery], actions.map(\.operation),
        ]
        var answers: Answers = [:]
        for operation in all.joined() {
            let refusals = operation.refusals.union(HTTPOperation.commonRefusals)
            answers["\(operation.method.rawValue) \(operation.path)"] = Set(operation.statuses.map(String.init))
                .union(refusals.map { "\($0.status) \($0.type.rawValue)" })
        }
        return answers
    }

    @Test("each operation, status and kind of refusal stands in both or in neither")
    func operations() throws {
        let (described, listed) = (try described(), try listed())
        #expect(described.count > 20)
        for operation in Set(described.keys).union(listed.keys).sorted() {
            let (there, here) = (described[operation] ?? [], listed[operation] ?? [])
            #expect(there.subtracting(here).sorted() == [], "\(operation): described, and never answered")
            #expect(here.subtracting(there).sorted() == [], "\(operation): answered, and not described")
        }
    }

    @Test("the kinds of refusal are those of the code, and each has the headers that it comes with")
    func problems() throws {
        let components = try #require(document["components"])
        let types = try #require(components["schemas"]?["Problem"]?["properties"]?["type"]?["enum"]).items
        #expect(
            Set(types.compactMap(\.text)) == Set(ProblemType.allCases.map { "urn:stampede:problem:\($0.rawValue)" }))
        for (name, response) in try #require(components["responses"]).members {
            let status = try #require(
                response["content"]?["application/problem+json"]?["schema"]?["allOf"]?.items.last?["properties"]?[
                    "status"]?["const"]?.text.flatMap(Int.init), "\(name)")
            let required = (response["headers"]?.members ?? [:]).filter {
                $0.value.resolved(in: document)["required"]?.text == "true"
            }
            let header = HTTPOperation.header(with: status)?.canonicalName.lowercased()
            #expect(required.keys.map { $0.lowercased() } == [header].compactMap { $0 }, "\(name)")
        }
    }

    @Test("limits are those of the code")
    func limits() throws {
        let schemas = try #require(document["components"]?["schemas"])
        func limit(_ path: String...) throws -> Int {
            try #require(path.reduce(schemas) { $0[$1] ?? .map([:]) }.text.flatMap { Int($0) }, "\(path)")
        }
        let limits = CheckoutLimits()
        #expect(try limit("Order", "properties", "lines", "maxItems") == limits.lines)
        #expect(try limit("Quantity", "maximum") == Int(limits.quantity))
        #expect(try limit("ProductId", "maxLength") == Catalog.maximumProductIDBytes)
        #expect(try limit("Product", "properties", "name", "maxLength") == Catalog.maximumNameLength)
        #expect(try limit("Stocktaking", "properties", "stock", "maxItems") == StockTaking.maximumCounts)
        #expect(
            try limit(
                "Stocktaking", "properties", "stock", "items", "properties", "available", "maximum")
                == Int(StockTaking.maximumAvailable))
        #expect(try limit("Ids", "maxItems") == OperatorRequest.maximumItems)
        #expect(try limit("Actor", "maxLength") == Actor.maximumLength)
        #expect(try limit("Attribute", "maxLength") == EventCoding.maximumAttributeBytes)
    }

    @Test("each path answers other methods with 405, and names those that are described")
    func methods() async throws {
        let shop = try RunningShop(hasStorefront: true)
        let paths = try #require(document["paths"]).members
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                for (path, item) in paths where item["servers"] == nil {
                    let target = path.replacing("{id}", with: "018f0000-0000-7000-8000-000000000000")
                        .replacing("{file}", with: "theme.css")
                    let described = Set(["get", "put", "post", "delete", "patch", "options", "trace"])
                        .intersection(item.members.keys)
                    let allowed = Set(described.map { $0.uppercased() } + (described.contains("get") ? ["HEAD"] : []))
                    for method in ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
                        try client.send(method, target, body: [])
                        let answer = try client.receive(of: method)
                        guard !allowed.contains(method) else {
                            #expect(answer.status != 405, "\(method) \(path)")
                            continue
                        }
                        #expect(answer.status == 405, "\(method) \(path)")
                        let names = (answer.headers["allow"] ?? "").split(separator: ", ").map(String.init)
                        #expect(Set(names) == allowed, "\(method) \(path)")
                    }
                }
            }
        }
    }
}
