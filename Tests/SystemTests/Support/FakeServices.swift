import Foundation

/// Six small programs with the names of the real ones: they answer /health/ready, and die as they are told.
///
/// A file `DATA/<name>.behaviour` tells: `exit N` at the start, `exit N after M` for M starts, `unready`, or `deaf` to SIGTERM. Each takes a lock for its
/// life, and a second instance leaves its name in `DATA/violations`.
struct FakeServices {
    let directory: String

    init(in parent: String) throws {
        directory = parent + "/bin"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for name in SupervisedRun.services {
            let path = "\(directory)/\(name)"
            try Self.program.write(toFile: path, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
    }

    func tell(_ name: String, _ behaviour: String?, in data: String) throws {
        let path = "\(data)/\(name).behaviour"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        try (behaviour ?? "").write(toFile: path, atomically: true, encoding: .utf8)
    }

    private static let program = """
        #!/usr/bin/env python3
        import fcntl, http.server, os, signal, sys
        if "--print-config" in sys.argv:
            if "STAMPEDE_INVENTORY_ADMIN_PORT" in os.environ:
                print("inventory.admin-port", os.environ["STAMPEDE_INVENTORY_ADMIN_PORT"], "environment")
            sys.exit(0)
        name, data = os.path.basename(sys.argv[0]), sys.argv[sys.argv.index("--data") + 1]
        lock = open(f"{data}/{name}.only", "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            open(f"{data}/violations", "a").write(name + "\\n")
            sys.exit(75)
        told = open(f"{data}/{name}.behaviour").read().split() if os.path.exists(f"{data}/{name}.behaviour") else []
        print(name, "starts with", *sys.argv[1:], flush=True)
        if "after" in told:
            begun = f"{data}/{name}.begun"
            open(begun, "a").write(".")
            if os.path.getsize(begun) <= int(told[3]):
                sys.exit(int(told[1]))
        elif "exit" in told:
            sys.exit(int(told[-1]))
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(503 if "unready" in told else 200)
                self.end_headers()
            def log_message(self, *arguments):
                pass
        def stop(*arguments):
            if "deaf" not in told:
                print(name, "stops", flush=True)
                os._exit(0)
        signal.signal(signal.SIGTERM, stop)
        kind = name.split("-")[0].upper()
        port = "STAMPEDE_GATEWAY_PORT" if name == "payment-gateway" else f"STAMPEDE_{kind}_ADMIN_PORT"
        http.server.HTTPServer(("127.0.0.1", int(os.environ[port])), Handler).serve_forever()
        """
}
