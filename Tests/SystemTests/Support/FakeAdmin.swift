import Foundation

/// A small program in the place of a service's admin port: it notes what it is asked, and answers as told.
///
/// The first request is answered 503, as by a service that is starting. A letter whose id is in `failing` fails.
final class FakeAdmin: Sendable {
    let port: Int
    private let notes: String
    private let process: ProcessBox

    static let token = String(repeating: "0f", count: 32)

    private struct ProcessBox: @unchecked Sendable {  // started once, then only signalled
        let process = Process()
    }

    /// - Parameter data: gets the operator's token, and the notes.
    init(in data: String, failing: [String] = []) async throws {
        notes = data + "/asked"
        process = ProcessBox()
        try Self.write(token: Self.token, in: data)
        let script = data + "/admin.py"
        try Data(Self.program.utf8).write(to: URL(fileURLWithPath: script))
        let output = Pipe()
        process.process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.process.arguments = ["python3", script, notes, Self.token] + failing
        process.process.standardOutput = output
        try process.process.run()
        let line = try await offPool { output.fileHandleForReading.availableData }
        guard let port = Int(String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
        else { throw TookTooLong(description: "the fake admin port did not start") }
        self.port = port
    }

    /// As the services make it.
    static func write(token: String, in data: String) throws {
        let path = data + "/operator.token"
        try Data((token + "\n").utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }

    deinit { kill(process.process.processIdentifier, SIGKILL) }

    /// The requests so far: path and body.
    func asked() throws -> [(path: String, body: [String: Any])] {
        try String(contentsOfFile: notes, encoding: .utf8).textLines.map { line in
            let note = try CLI.object(line)
            return (note["path"] as? String ?? "", note["body"] as? [String: Any] ?? [:])
        }
    }

    private static let program = """
        import http.server, json, sys
        notes, token, failing = open(sys.argv[1], "w"), sys.argv[2], sys.argv[3:]
        count = 0
        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, status, body):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            def do_PUT(self):
                global count
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.headers["Authorization"] != "Bearer " + token:
                    return self.answer(401, {"detail": "no"})
                count += 1
                if count == 1:
                    return self.answer(503, {"type": "urn:stampede:problem:unavailable", "detail": "starting"})
                notes.write(json.dumps({"path": self.path, "body": body}) + "\\n")
                notes.flush()
                action = self.path.split("/")[-1]
                done = {"retry": "applied", "discard": "discarded", "import": "imported"}.get(action)
                if done:
                    ids = body.get("ids") or [letter["eventId"] for letter in body["letters"]]
                    self.answer(200, {"results": [
                        {"eventId": i, "outcome": "failed", "detail": "still no such card"} if i in failing
                        else {"eventId": i, "outcome": done} for i in ids]})
                elif action == "edit":
                    self.answer(200, {"eventId": body["id"], "outcome": "edited"})
                elif action == "inject":
                    self.answer(200, {"results": [{"sequence": n + 1, "offset": n} for n in range(len(body["events"]))]})
                else:
                    self.answer(200, {"changed": True})
            def log_message(self, *arguments):
                pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        print(server.server_port, flush=True)
        server.serve_forever()
        """
}
