import Testing

/// Where the tests begin on Linux. All of them are Swift Testing's, so none must be found in an index, and a build can do
/// without one: a fifth of its time. SwiftPM knows this file by its name.
@main
struct Tests {
    static func main() async {
        // Asked for XCTest's, there are none.
        guard CommandLine.arguments.contains("swift-testing") else { return }
        await Testing.__swiftPMEntryPoint() as Never
    }
}
