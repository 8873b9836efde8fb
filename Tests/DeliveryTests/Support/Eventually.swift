import Testing

/// Waits until the condition holds, without sleeping; a test's time limit ends what never comes.
func eventually(_ what: Comment, _ condition: () throws -> Bool) async throws {
    let start = ContinuousClock.now
    while try !condition() {
        try #require(ContinuousClock.now - start < .seconds(180), what)
        await Task.yield()
    }
}
