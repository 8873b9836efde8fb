import Foundation

/// Where values stand on a line of so many pixels, and which of them are written there.
struct Axis: Sendable {
    enum Scale: Sendable {
        case linear
        /// Percentiles, 0 up to 100: each further nine takes as much room as the one before, as HDR histograms are drawn.
        case nines
    }

    let scale: Scale
    /// Greatest value shown.
    let end: Double
    let pixels: Double

    init(_ scale: Scale = .linear, upTo greatest: Double, pixels: Double) {
        self.scale = scale
        self.pixels = pixels
        switch scale {
        case .linear: end = max(greatest, .leastNonzeroMagnitude)
        case .nines: end = max(90, min(greatest, 99.9999))
        }
    }

    func position(_ value: Double) -> Double {
        switch scale {
        case .linear: pixels * max(0, min(value, end)) / end
        case .nines: pixels * Self.nines(min(value, end)) / Self.nines(end)
        }
    }

    private static func nines(_ percentile: Double) -> Double { -log10(1 - percentile / 100) }

    /// Values to mark: round ones, five or so.
    var ticks: [Double] {
        switch scale {
        case .nines: return [0, 50, 90, 99, 99.9, 99.99, 99.999].filter { $0 <= end }
        case .linear:
            let rough = end / 5
            let magnitude = pow(10, floor(log10(rough)))
            let step = [1, 2, 5, 10].map { $0 * magnitude }.first { $0 >= rough } ?? rough
            return (0...10).map { Double($0) * step }.filter { $0 <= end * 1.000_001 }
        }
    }
}
