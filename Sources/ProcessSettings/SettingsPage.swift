/// `docs/reference/configuration.md`, made from the table.
package enum SettingsPage {
    package static var text: String { head + rows(of: Settings.definitions) + "\n" + together + others }

    private static let head = """
        # Configuration

        Made from the table in the code (`Settings`); a test compares. To make it anew:
        `STAMPEDE_WRITE_DOCS=yes Scripts/test --filter SettingsPage`.

        Every setting has a default. What says something else, the later the stronger:

        1. a file of JSON, `--config FILE` or `STAMPEDE_CONFIG=FILE`: `{"checkout": {"port": 8080}, "log.level": "debug"}`
        2. the environment: `STAMPEDE_CHECKOUT_PORT=8080`
        3. arguments: `--set checkout.port=8080`, as often as needed

        `SERVICE --print-config` shows each value and where it came from, `--print-config --json` the same for programs;
        nothing is started. A value that cannot be, a name that is not here (a `STAMPEDE_…` variable, too), and values that
        cannot work together are refused by every program, all at once, each with its place, with exit code 2, before
        anything was started or made. No setting is a secret; secrets are files of the data directory.

        Every program also takes `--data DIR` (default: the variable `STAMPEDE_DATA`, else `.stampede`) and `--version`; every service
        `--rebuild-into DIR` and, for tests, `--test-faults FILE` ([test-faults.md](test-faults.md)). `Scripts/supervisor --port-base N`
        sets all ports at once. Exit codes: [exit-codes.md](exit-codes.md).

        | setting | variable | default | may be | what | read by |
        |---|---|---|---|---|---|

        """

    private static func rows(of definitions: [SettingDefinition]) -> String {
        definitions.map { setting in
            let fallback = setting.fallback.isEmpty ? "none" : setting.fallback
            let users = setting.users == .services ? "all" : setting.users.map(\.rawValue).joined(separator: ", ")
            return "| `\(setting.name)` | `\(setting.variable)` | \(fallback) | \(setting.kind.expected) | "
                + "\(setting.meaning) | \(users) |\n"
        }.joined()
    }

    private static let together = """
        Refused together: two servers on one port (the gateway's counts where `gateway.host` is this machine);
        `inventory.hold-seconds` no longer than `gateway.timeout-milliseconds`; a `trace.share` above 0 that somebody asks
        for, with neither a file nor a collector. Where nobody asks, without a file and a collector nothing is recorded, and
        a caller's `traceparent` goes on all the same.

        Variables that are no settings, and are handed down to services without being refused:

        | variable | what |
        |---|---|

        """

    private static var others: String {
        OtherVariables.all.map { "| `\($0.name)` | \($0.meaning) |\n" }.joined()
    }
}
