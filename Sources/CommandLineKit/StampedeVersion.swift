/// The version of all programs, which are built and released together.
package enum StampedeVersion {
    package static let text = "1.0.0"
}
