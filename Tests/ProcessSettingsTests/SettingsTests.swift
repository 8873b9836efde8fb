import Foundation
import Testing
import TestSupport

@testable import ProcessSettings

@Suite("Settings", .timeLimit(.minutes(5)))
struct SettingsTests {
    @Test("default, file, environment, arguments: the later is the stronger, and each value knows its place")
    func order() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file(
            """
            {
              "checkout": {"port": 1001, "max-lines": 11,
                "max-quantity": 21},
              "log.level": "debug"
            }
            """)
        let settings = try read(
            arguments: ["checkout.port=1003", "trace.share=0.5"],
            environment: ["STAMPEDE_CHECKOUT_PORT": "1002", "STAMPEDE_CHECKOUT_MAX_LINES": "12", "PATH": "/bin"],
            file: file)
        #expect(settings.checkoutPort == 1003)
        #expect(settings.maximumLines == 12)
        #expect(settings.maximumQuantity == 21)
        #expect(settings.logLevel == "debug")
        #expect(settings.traceShare == 0.5)
        #expect(settings.maximumWaitingCheckouts == 4096)
        let places = settings.origins.mapValues(\.place)
        #expect(
            places == [
                "checkout.port": "--set checkout.port", "trace.share": "--set trace.share",
                "checkout.max-lines": "STAMPEDE_CHECKOUT_MAX_LINES", "checkout.max-quantity": "\(file):3",
                "log.level": "\(file):4",
            ])
    }

    @Test("the file can be named by the environment, and an argument names a stronger one")
    func whichFile() throws {
        let one = try TemporaryDirectory()
        let other = try TemporaryDirectory()
        let environment = ["STAMPEDE_CONFIG": try one.file(#"{"checkout.port": 1}"#)]
        #expect(try read(environment: environment).checkoutPort == 1)
        #expect(try read(environment: environment, file: other.file(#"{"checkout.port": 2}"#)).checkoutPort == 2)
    }

    @Test("every kind of mistake, in all three sources, is told at once, each with its key and place")
    func all() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file(
            """
            {
              "checkout": {"port": "8080", "max-lines": true},
              "checkout.max-quantity": 1.5,
              "gatway": {"host": "shop"},
              "log.form": 7,
              "listen": ["127.0.0.1"],
              "checkout.max-waiting": null
            }
            """)
        let found = mistakes(
            arguments: ["stop.seconds=0", "stop.second=1", "metrics", "parking.limit=1", "parking.limit=2"],
            environment: ["STAMPEDE_CHECKOUT_PROT": "1", "STAMPEDE_LISTEN": "localhost", "STAMPEDE_BIN": "x"],
            file: file)
        #expect(
            found == [
                "\(file):2: checkout.port is '\"8080\"', but must be a whole number from 0 to 65535",
                "\(file):2: checkout.max-lines is 'true', but must be a whole number from 1 to 10000",
                "\(file):3: checkout.max-quantity is '1.5', but must be a whole number from 1 to 1000000000",
                "\(file):4: there is no setting 'gatway.host'; did you mean gateway.host?",
                "\(file):5: log.form is '7', but must be auto, json, text",
                "\(file):6: listen is '[\"127.0.0.1\"]', but must be an IP address of this machine, such as 127.0.0.1, "
                    + "or 0.0.0.0 for all",
                "\(file):7: checkout.max-waiting is 'null', but must be a whole number from 1 to 1000000",
                "STAMPEDE_CHECKOUT_PROT: there is no setting 'STAMPEDE_CHECKOUT_PROT'; "
                    + "did you mean STAMPEDE_CHECKOUT_PORT?",
                "STAMPEDE_LISTEN: listen is 'localhost', but must be an IP address of this machine, such as 127.0.0.1, "
                    + "or 0.0.0.0 for all",
                "--set stop.seconds: stop.seconds is '0', but must be a whole number from 1 to 3600",
                "--set stop.second: there is no setting 'stop.second'; did you mean stop.seconds?",
                "--set metrics: --set takes KEY=VALUE",
                "--set parking.limit: parking.limit is given twice",
            ])
    }

    @Test("a mistake is refused also where a stronger source hides it")
    func hidden() throws {
        let found = mistakes(
            arguments: ["checkout.port=1"], environment: ["STAMPEDE_CHECKOUT_PORT": "http"])
        #expect(
            found == ["STAMPEDE_CHECKOUT_PORT: checkout.port is 'http', but must be a whole number from 0 to 65535"])
    }

    @Test(
        "what cannot work together is refused, with both keys and both places",
        arguments: [
            (
                ["checkout.port=9103"],
                "--set checkout.port: payment.admin-port"
            ),
            (["gateway.port=8080"], "gateway.port and checkout.port (default of checkout.port): both are port 8080"),
            (
                ["inventory.hold-seconds=5"],
                "inventory.hold-seconds and gateway.timeout-milliseconds (default of gateway.timeout-milliseconds)"
            ),
            (["trace.share=0.5", "trace.file-bytes=0"], "trace.share and trace.file-bytes (--set trace.file-bytes)"),
        ])
    func together(arguments: [String], said: String) {
        let found = mistakes(arguments: arguments)
        #expect(found.count == 1)
        if said.hasPrefix("--set checkout.port") {
            #expect(
                found == [
                    "default of payment.admin-port: payment.admin-port and checkout.port (--set checkout.port): "
                        + "both are port 9103"
                ])
        } else {
            #expect(found.first?.contains(said) == true, "\(found)")
        }
    }

    @Test("what works together is not refused")
    func worksTogether() {
        for arguments in [
            ["checkout.port=0", "order.admin-port=0"], ["gateway.port=8080", "gateway.host=gateway"],
            ["inventory.hold-seconds=6"], ["trace.file-bytes=0"], ["trace.share=0", "trace.file-bytes=0"],
            ["trace.share=0.5", "trace.file-bytes=0", "trace.collector=http://10.0.0.1:4318"], ["trace.collector="],
        ] {
            #expect(mistakes(arguments: arguments).isEmpty, "\(arguments)")
        }
    }

    @Test(
        "addresses, names and mail addresses are looked at",
        arguments: [
            (
                "gateway.host", ["127.0.0.1", "::1", "gateway", "a-1.shop.example"],
                ["", "-x", "a..b", "10.0.0.256", "a b"]
            ),
            ("listen", ["0.0.0.0", "::"], ["", "gateway", "127.1.1", "127.0.0.1 "]),
            ("operator.email", ["a@b", "ann.lee+x@shop.example"], ["", "a", "a@", "@b", "a@b@c", "a..b@c", "a\n@b"]),
            ("trace.collector", ["", "http://h:1/"], ["https://h:1", "http://h", "http://u:p@h:1", "h:1"]),
            ("trace.share", ["0", "1", "0.25", "1e-3"], ["", "1.01", "-0.1", "nan", "half", "+1"]),
            ("stop.seconds", ["1", "3600"], ["", "0", "3601", "1.0", "+1", " 1", "0x10", "99999999999999999999"]),
        ])
    func kinds(name: String, right: [String], wrong: [String]) throws {
        let kind = try #require(Settings.definitions.first { $0.name == name }).kind
        for text in right { #expect(kind.allows(text), "\(text)") }
        for text in wrong { #expect(!kind.allows(text), "\(text)") }
    }
}
