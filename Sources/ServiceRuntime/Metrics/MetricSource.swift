package import Delivery

/// Looks up values when somebody asks for them, so that they cost nothing while nobody does, and are never old.
package protocol MetricSource: Sendable {
    func measure() async throws -> [MetricSample]
}

/// What was found.
package struct MetricSample: Sendable {
    let definition: MetricDefinition
    let labels: [(String, String)]
    let value: any Series

    private init(_ definition: MetricDefinition, _ labels: [String], _ value: any Series) {
        precondition(labels.count == definition.labels.count, "\(definition.name) has the labels \(definition.labels)")
        self.definition = definition
        self.labels = Array(zip(definition.labels, labels))
        self.value = value
    }

    /// - Parameter labels: their values, in their order.
    package init(_ definition: MetricDefinition, _ labels: String..., value: Double) {
        self.init(definition, labels, MeasuredValue(kind: definition.kind.name, value: value))
    }

    /// - Parameters:
    ///   - buckets: upper bound and count, in order.
    ///   - above: how many lie above the last bound.
    ///   - sum: of all values.
    package init(
        _ definition: MetricDefinition, _ labels: String..., buckets: [(bound: Double, count: Int64)], above: Int64,
        sum: Double
    ) {
        self.init(definition, labels, MeasuredHistogram(buckets: buckets, above: above, sum: sum))
    }
}
