import CommandLineKit

/// Variables of the project that are no settings: scripts, tests and builds read them, and hand them down to whatever they
/// start. A `STAMPEDE_` variable that is neither here nor in `Settings` is taken for a misspelt one.
package enum OtherVariables {
    package static let all: [(name: String, meaning: String)] = [
        (configurationFile, "the configuration file, as `--config`"),
        (UsualDataDirectory.variable, "all programs and scripts: the data directory, if `--data` does not name one"),
        ("STAMPEDE_BIN", "scripts: where the programs are"),
        ("STAMPEDE_GATEWAY_ARGUMENTS", "supervisor: more arguments for payment-gateway"),
        ("STAMPEDE_READY_SECONDS", "supervisor: how long `up` waits"),
        ("STAMPEDE_USER_BASE", "supervisor: the first uid of `--separate-users`"),
        ("STAMPEDE_IMAGE", "docker-compose.yml: the image's name"),
        ("STAMPEDE_IMAGE_TARGET", "docker-compose.yml: the stage of the Dockerfile to build"),
        ("STAMPEDE_MUTANTS_BUILD", "Package.swift: with the bug bank"),
        ("STAMPEDE_COVERAGE_BUILD", "Package.swift: what coverage counts"),
        ("STAMPEDE_SANITIZER_BUILD", "Package.swift: what the sanitizers run"),
        ("STAMPEDE_MUTANT", "the deliberate mistake to make, in a build with the bug bank"),
        ("STAMPEDE_HISTORIES", "tests: `all` random histories"),
        ("STAMPEDE_AUDIT_ORDERS", "tests: orders of the audit's measurement"),
        ("STAMPEDE_DELIVERY_TABLE", "tests: `full`"),
        ("STAMPEDE_POWER_CUTS", "tests: power cuts in a row"),
        ("STAMPEDE_RETAIL_CSV", "tests: the retail data set"),
        ("STAMPEDE_SWEEP", "tests: which faults of the disk"),
        ("STAMPEDE_SWEEP_SEED", "tests: seed of the random ones"),
        ("STAMPEDE_SWEEP_LANES", "tests: runs side by side"),
        ("STAMPEDE_SWEEP_LOG", "tests: a line a run"),
        ("STAMPEDE_WRITE_DOCS", "tests: write the generated pages"),
        ("STAMPEDE_WRITE_GOLDEN", "tests: write the golden log"),
        ("STAMPEDE_WRITE_SAGA_TABLES", "tests: write the saga's tables"),
        ("STAMPEDE_FAULT_PAGE", "fault library: its page of counters"),
        ("STAMPEDE_FAULT_BELOW", "fault library: files it concerns"),
        ("STAMPEDE_FAULT_CALL", "fault library: the call that fails"),
        ("STAMPEDE_FAULT_AT", "fault library: which of the calls"),
        ("STAMPEDE_FAULT_EFFECT", "fault library: what it comes to"),
        ("STAMPEDE_FAULT_HOW", "fault library: before or after"),
        ("STAMPEDE_FAULT_FORGET", "fault library: what the disk only pretends to do"),
    ]

    package static let configurationFile = "STAMPEDE_CONFIG"
    package static let names = Set(all.map(\.name))
}
