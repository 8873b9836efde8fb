import Foundation

/// A collector of traces that nobody of this project's code helps: it takes OTLP/JSON over HTTP and keeps the spans.
final class FakeCollector: Sendable {
    /// A span as it was sent.
    struct Span {
        let service: String
        let name: String
        let trace: String
        let id: String
        let parent: String?
        let links: [String]
        let attributes: [String: String]
    }

    let port: Int
    private let requests: String
    private let process: ProcessBox

    private struct ProcessBox: @unchecked Sendable {  // started once, then only signalled
        let process = Process()
    }

    init(in directory: String) async throws {
        requests = directory + "/requests.jsonl"
        process = ProcessBox()
        let script = directory + "/collector.py"
        try Data(Self.program.utf8).write(to: URL(fileURLWithPath: script))
        let output = Pipe()
        process.process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.process.arguments = ["python3", script, requests]
        process.process.standardOutput = output
        try process.process.run()
        let line = try await offPool { output.fileHandleForReading.availableData }
        guard let port = Int(String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
        else { throw TookTooLong(description: "the collector did not start") }
        self.port = port
    }

    deinit { kill(process.process.processIdentifier, SIGKILL) }

    func spans(of trace: String) throws -> [Span] {
        let text = (try? String(contentsOfFile: requests, encoding: .utf8)) ?? ""  // none came yet
        // What stands behind the last line's end is still being written.
        let whole = text.lastIndex(of: "\n").map { String(text[...$0]) } ?? ""
        return try whole.textLines.flatMap { try Self.spans($0) }.filter { $0.trace == trace }
    }

    /// Of one request.
    static func spans(_ line: some StringProtocol) throws -> [Span] {
        let request = try CLI.object(line)
        return (request["resourceSpans"] as? [[String: Any]] ?? []).flatMap { resource -> [Span] in
            let service = attributes((resource["resource"] as? [String: Any])?["attributes"])["service.name"] ?? ""
            return (resource["scopeSpans"] as? [[String: Any]] ?? []).flatMap { scope in
                (scope["spans"] as? [[String: Any]] ?? []).map { span in
                    Span(
                        service: service, name: span["name"] as? String ?? "", trace: span["traceId"] as? String ?? "",
                        id: span["spanId"] as? String ?? "", parent: span["parentSpanId"] as? String,
                        links: (span["links"] as? [[String: Any]] ?? []).compactMap { $0["spanId"] as? String },
                        attributes: attributes(span["attributes"]))
                }
            }
        }
    }

    private static func attributes(_ list: Any?) -> [String: String] {
        let pairs = (list as? [[String: Any]] ?? []).map { pair in
            let value = pair["value"] as? [String: Any]
            return (pair["key"] as? String ?? "", value?.values.first.map { "\($0)" } ?? "")
        }
        return Dictionary(pairs) { $1 }
    }

    private static let program = """
        import http.server, sys, threading
        requests = open(sys.argv[1], "w")
        writing = threading.Lock()
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                good = self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json"
                if good:
                    with writing:
                        requests.write(body + "\\n")
                        requests.flush()
                self.send_response(200 if good else 400)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")
            def log_message(self, *arguments):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        print(server.server_port, flush=True)
        server.serve_forever()
        """
}
